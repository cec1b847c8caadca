import { views } from "./views.ts";

/** The page: navigation, and one view. */
export function App() {
  return (
    <main>
      <h1>Muster</h1>
      <ul>
        {views.map(({ id, title }) => (
          <li key={id}>{title}</li>
        ))}
      </ul>
    </main>
  );
}
