import type { Finding } from "@muster/sdk";
import type { LiveState } from "../../data/live-state.ts";
import { useLive } from "../../data/use-live.ts";
import { count } from "../../format/numbers.ts";
import { clockTimeWithSeconds } from "../../format/times.ts";
import { Ago } from "../../parts/ago.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { Icon } from "../../parts/icon.tsx";
import { commandIn } from "./command-in.ts";

const findingsOf = (live: LiveState) => (live.known.findings ? live.findings : undefined);
const isCut = (live: LiveState) => live.connection === "reconnecting";
const isEmpty = (live: LiveState) => live.known.workers && live.workers.size === 0;
const order = { problem: 0, warning: 1, note: 2 } as const;

/** What somebody should look at, worst first, with what to do. */
export function Findings() {
  const findings = useLive(findingsOf);
  const isOld = useLive(isCut);
  const hasNobody = useLive(isEmpty);
  const at = useLive(({ now }) => now?.at);
  if (findings === undefined) return null;
  const shown = [...findings].sort((left, right) => order[left.severity] - order[right.severity]);
  const isWell = shown.every(({ severity }) => severity === "note");
  const isFine = isWell && !isOld && !hasNobody;
  return (
    <section className="findings-part" aria-label="Findings">
      {/* Said when it changes; the rows have times in them, which change all the while. */}
      <p className="unseen" role="status">
        {isFine && "All is well."}
        {!isWell && `${count(shown.length, "finding")}. The worst: ${shown[0]?.says}`}
      </p>
      {isOld && (
        <p className="not-now">
          <Icon name="warning" />
          The orchestrator does not answer.{" "}
          {at !== undefined && `This is how it was at ${clockTimeWithSeconds(at)}.`}
        </p>
      )}
      {isFine && (
        <p className="all-well" aria-hidden="true">
          <Icon name="check" />
          All is well.
        </p>
      )}
      {shown.length > 0 && (
        <ul className="findings">
          {shown.map((finding) => (
            <FindingRow key={finding.id} finding={finding} />
          ))}
        </ul>
      )}
    </section>
  );
}

const named = { problem: "Problem", warning: "Warning", note: "Note" } as const;

function FindingRow({ finding }: { readonly finding: Finding }) {
  const { severity, says, fix, since } = finding;
  const command = fix === null ? undefined : commandIn(fix);
  return (
    <li className={`finding finding-${severity}`}>
      <Icon name={severity === "note" ? "info" : "warning"} />
      <div className="grow">
        <p className="finding-says">
          <span className="unseen">{named[severity]}: </span>
          {says}
        </p>
        {fix !== null && <p className="finding-fix">{fix}</p>}
      </div>
      <span className="finding-side">
        {command !== undefined && <CopyButton text={command} label="Copy command" />}
        <span className="tiny faint">
          <Ago at={since} />
        </span>
      </span>
    </li>
  );
}
