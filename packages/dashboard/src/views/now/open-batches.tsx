import type { LiveBatch } from "@muster/sdk";
import { hashOf } from "../../data/route.ts";
import { useLive } from "../../data/use-live.ts";
import { isSameList } from "../../data/use-store.ts";
import { whole } from "../../format/numbers.ts";
import { relative } from "../../format/times.ts";
import { useNow } from "../../parts/ago.tsx";
import { Meter } from "../../parts/meter.tsx";
import { Panel } from "../../parts/panel.tsx";
import { openBatches } from "./unfinished.ts";

const shown = 4;

/** Whether batches move, and when they are done; nothing where none is open. */
export function OpenBatches() {
  const open = useLive(({ batches }) => openBatches(batches.values()), isSameList);
  const clock = useNow();
  if (open.length === 0) return null;
  return (
    <Panel
      title="Open batches"
      isFlush
      tools={
        <a className="small" href={hashOf("batches")}>
          {open.length > shown ? `All ${whole(open.length)}` : "All batches"}
        </a>
      }
    >
      <ul className="open-batches">
        {open.slice(0, shown).map((batch) => (
          <li key={batch.id}>
            <a className="one-line" href={hashOf("batches", [batch.id])}>
              {batch.name ?? batch.id}
            </a>
            <Meter
              total={batch.total}
              segments={[
                { id: "completed", value: batch.completed },
                { id: "failed", value: batch.failed, color: "var(--bad)" },
              ]}
              label={`${whole(batch.completed + batch.failed)} of ${whole(batch.total)} lines are done`}
            />
            <span className="small soft">
              {whole(batch.completed + batch.failed)} of {whole(batch.total)}
              {batch.failed > 0 && <span className="bad-text">, {whole(batch.failed)} failed</span>}
            </span>
            <span className="small soft">{endWords(batch, clock)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function endWords({ status, expected_end_at: at }: LiveBatch, clock: number): string {
  if (status === "validating") return "being checked";
  if (status === "finalizing") return "finishing";
  if (status === "cancelling") return "cancelling";
  if (at === null) return "end not known";
  return at - clock < 10 ? "done in moments" : `done ${relative(at, clock)}`;
}
