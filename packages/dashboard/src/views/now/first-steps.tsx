import { useMay } from "../../data/use-session.ts";
import { Code } from "../../parts/code.tsx";

/** What to type so that there is something to see. */
export function FirstSteps() {
  const isAdmin = useMay("admin");
  return (
    <section className="first-steps" aria-labelledby="first-steps">
      <h2 id="first-steps">Lend a first machine</h2>
      <div className="first-steps-ways">
        <div>
          <p>This machine, the orchestrator's own:</p>
          <Code text="npx muster worker" />
        </div>
        <div>
          <p>Any other: this prints a line, to be pasted there.</p>
          <Code text="npx muster workers invite --pool desks" />
        </div>
      </div>
      {isAdmin && (
        <p className="small soft">
          Or make the line here, under <a href="#/keys">Keys &amp; invites</a>.
        </p>
      )}
    </section>
  );
}
