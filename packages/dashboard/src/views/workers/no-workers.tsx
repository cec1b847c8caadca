import { useMay } from "../../data/use-session.ts";
import { Code } from "../../parts/code.tsx";
import { Empty } from "../../parts/empty.tsx";

/** Nobody lends anything yet: what to type so that somebody does. */
export function NoWorkers() {
  const isAdmin = useMay("admin");
  return (
    <Empty icon="workers" title="No machine has joined yet">
      <p className="empty-text">To lend this machine, the orchestrator's own:</p>
      <Code text="npx muster worker" />
      <p className="empty-text">For any other, this prints a line to paste there:</p>
      <Code text="npx muster workers invite --pool desks" />
      {isAdmin && (
        <p className="small soft">
          Or make the line here, under <a href="#/keys">Keys &amp; invites</a>.
        </p>
      )}
    </Empty>
  );
}
