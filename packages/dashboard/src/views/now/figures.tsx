import type { LiveBatch, LiveNow } from "@muster/sdk";
import type { LiveState } from "../../data/live-state.ts";
import { hashOf } from "../../data/route.ts";
import { useLive } from "../../data/use-live.ts";
import { isSameList } from "../../data/use-store.ts";
import { bytes, count, percent, short, watts, whole } from "../../format/numbers.ts";
import { duration, relative } from "../../format/times.ts";
import { useNow } from "../../parts/ago.tsx";
import { Hint } from "../../parts/hint.tsx";
import { Meter } from "../../parts/meter.tsx";
import { Sparkline } from "../../parts/sparkline.tsx";
import { Stat } from "../../parts/stat.tsx";

/** The figures of this moment. */
export function Figures() {
  const now = useLive((live) => live.now);
  if (now === undefined) return null;
  return (
    <dl className={tellsOfGpus(now) ? "figures figures-8" : "figures figures-6"} aria-label="Now">
      <Speed now={now} />
      <Requests now={now} />
      <FirstToken now={now} />
      <Slots now={now} />
      {tellsOfGpus(now) && (
        <>
          <Memory now={now} />
          <Gpus now={now} />
        </>
      )}
      <Batches now={now} />
    </dl>
  );
}

function tellsOfGpus({ vram, gpu_utilization: busy, watts: power }: LiveNow): boolean {
  return vram.total_bytes > 0 || busy !== null || power !== null;
}

interface FigureProps {
  readonly now: LiveNow;
}

function Speed({ now: { total } }: FigureProps) {
  const cached = total.cached_tokens_per_second;
  return (
    <Stat
      label={
        <Hint tip="Tokens that models write, all answers together. A token is about three quarters of a word.">
          Written
        </Hint>
      }
      value={
        <>
          {short(total.generated_tokens_per_second)}
          <span className="stat-unit">tokens/s</span>
          <SpeedLine />
        </>
      }
      note={
        <>
          {short(total.prompt_tokens_per_second)}{" "}
          <Hint tip="Tokens of prompts. Those that a worker still remembers, since another prompt began alike, cost nothing.">
            read
          </Hint>
          {cached > 0 && `, ${short(cached)} of them remembered`}
        </>
      }
    />
  );
}

const speeds = (live: LiveState) => live.recent;
const lineMoments = 90;

/** How it went in the last minutes. */
function SpeedLine() {
  const recent = useLive(speeds);
  const values = recent.slice(-lineMoments).map(({ total }) => total.generated_tokens_per_second);
  return <span className="speed-line">{values.length > 2 && <Sparkline values={values} />}</span>;
}

function Requests({ now: { total } }: FigureProps) {
  const { waiting, oldest_wait_seconds: oldest, failures_per_second: failures } = total;
  const waits = waiting === 0 ? "nobody waits" : `${whole(waiting)} wait${waiting === 1 ? "s" : ""}`;
  const since = oldest === null || waiting === 0 ? "" : `, longest ${duration(oldest)}`;
  return (
    <Stat
      label={<Hint tip="Requests and lines of batches that a worker answers at this moment.">Running</Hint>}
      value={whole(total.running)}
      note={failures > 0 ? `${waits}${since}; ${short(failures * 60)} fail a minute` : `${waits}${since}`}
    />
  );
}

function FirstToken({ now: { total } }: FigureProps) {
  const { first_token_p50_seconds: half, first_token_p99_seconds: worst } = total;
  const [value = "–", ...unit] = duration(half).split(" ");
  return (
    <Stat
      label={
        <Hint tip="How long people wait for the first word. Half of the requests of the last minute waited less than this.">
          First token
        </Hint>
      }
      value={value}
      unit={unit.join(" ")}
      note={worst === null ? "nobody asked in the last minute" : `99 of 100 within ${duration(worst)}`}
    />
  );
}

function Slots({ now: { slots } }: FigureProps) {
  return (
    <Stat
      label={<Hint tip="A slot runs one answer. Each loaded model has several.">Slots used</Hint>}
      value={whole(slots.used)}
      unit={`of ${whole(slots.total)}`}
      note={
        <Meter
          total={slots.total}
          segments={[{ id: "used", value: slots.used }]}
          label={`${slots.used} of ${slots.total} slots are used`}
        />
      }
    />
  );
}

function Memory({ now: { vram } }: FigureProps) {
  const { total_bytes: total, ours_bytes: ours, others_bytes: others } = vram;
  const [value = "–", unit = ""] = bytes(ours).split("\u00a0");
  const all = bytes(total);
  return (
    <Stat
      label={
        <Hint tip="Memory of all GPUs that have joined: what Muster has, and (hatched) what other programs have.">
          GPU memory
        </Hint>
      }
      value={value}
      unit={all.endsWith(unit) ? `of ${all}` : `${unit} of ${all}`}
      note={
        <Meter
          total={total}
          segments={[
            { id: "ours", value: ours, label: `Muster: ${bytes(ours)}` },
            { id: "others", value: others, isOthers: true, label: `Other programs: ${bytes(others)}` },
          ]}
          label={`Muster has ${bytes(ours)}, other programs ${bytes(others)}, of ${all}`}
        />
      }
    />
  );
}

function Gpus({ now: { gpu_utilization: busy, watts: power } }: FigureProps) {
  return (
    <Stat
      label={<Hint tip="The share of time that GPUs work, on average; of those that tell.">GPUs busy</Hint>}
      value={busy === null ? "–" : percent(busy)}
      note={power === null ? "no machine tells its power" : `${watts(power)} drawn`}
    />
  );
}

const runningBatches = (live: LiveState): readonly LiveBatch[] =>
  [...live.batches.values()].filter(({ status }) => status === "in_progress" || status === "validating");

function Batches({ now: { batches, total } }: FigureProps) {
  const clock = useNow();
  const own = useLive(runningBatches, isSameList);
  const open = Object.values(batches).reduce((sum, value) => sum + value, 0);
  const ends = own.map(({ expected_end_at: at }) => at).filter((at) => at !== null);
  const lastEnd = ends.length === 0 ? undefined : Math.max(...ends);
  return (
    <Stat
      label={
        <Hint tip="A batch is a file of requests, answered by and by. These are lines that have no answer yet.">
          Batch lines left
        </Hint>
      }
      value={short(total.lines_left)}
      note={
        open === 0 ? (
          "no batch is open"
        ) : (
          <>
            <a href={hashOf("batches")}>{count(open, "batch", "batches")}</a>
            {lastEnd !== undefined &&
              (lastEnd - clock < 10 ? ", done in moments" : `, done ${relative(lastEnd, clock)}`)}
          </>
        )
      }
    />
  );
}
