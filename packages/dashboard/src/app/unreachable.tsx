import { askSession } from "../data/session.ts";
import { ErrorNote } from "../parts/error-note.tsx";

export function Unreachable({ error }: { readonly error: unknown }) {
  return (
    <main>
      <ErrorNote error={error} onRetry={() => void askSession()} />
    </main>
  );
}
