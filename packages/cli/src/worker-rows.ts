import { printableText } from "@muster/base";
import type { Gpu, Replica, Worker } from "@muster/sdk";
import { formatBytes, formatCount, formatDuration, formatRate } from "./format.ts";
import type { Cell, Colour } from "./table.ts";
import { workerStateCell } from "./worker-state.ts";

const colours: Readonly<Record<Replica["state"], Colour>> = {
  ready: "green",
  fetching: "yellow",
  loading: "yellow",
  unloading: "yellow",
  unloaded: "dim",
  crashed: "red",
  failed: "red",
};

/** Columns that are left out where no worker tells. */
interface Told {
  readonly vram: boolean;
  readonly watts: boolean;
}

const head = (told: Told) => [
  ...["worker", "state", "hardware", "free"],
  ...(told.vram ? ["ours/others/all"] : []),
  ...(told.watts ? ["power"] : []),
  ...["model", "replica", "slots", "speed", "seen"],
];

/**
 * Workers for a table, one row for each replica. `nowMs` is the wall clock, for what was seen last: ages need the
 * machines' clocks to agree, so small differences show as now.
 */
export function workerRows(workers: readonly Worker[], nowMs: number): Cell[][] {
  const told = {
    vram: workers.some(({ hardware }) => hardware.gpus.some((gpu) => gpu.used_by_others_bytes != null)),
    watts: workers.some(({ energy }) => energy?.watts != null),
  };
  return [head(told), ...workers.flatMap((worker) => rowsOf(worker, told, nowMs))];
}

function rowsOf(worker: Worker, told: Told, nowMs: number): Cell[][] {
  const { name, hardware, replicas, last_heartbeat_at } = worker;
  const silentMs = nowMs - last_heartbeat_at * 1_000;
  const seen = silentMs < 10_000 ? "now" : formatDuration(silentMs);
  const gpu = hardware.gpus[0];
  const more = hardware.gpus.length > 1 ? `${hardware.gpus.length} x ` : "";
  const machine: Cell[] = [
    name,
    workerStateCell(worker),
    gpu === undefined
      ? `${hardware.cpu_model}, ${formatCount(hardware.physical_cores, "core")}`
      : `${more}${gpu.name} (${hardware.backend})`,
    gpu === undefined
      ? `${formatBytes(hardware.free_ram_bytes)} of ${formatBytes(hardware.ram_bytes)}`
      : `${formatBytes(sum(hardware.gpus, "free_vram_bytes"))} of ${formatBytes(sum(hardware.gpus, "vram_bytes"))}`,
    ...(told.vram ? [vramOf(hardware.gpus)] : []),
    ...(told.watts ? [worker.energy?.watts == null ? "-" : `${Math.round(worker.energy.watts)} W`] : []),
  ];
  if (replicas.length === 0) return [[...machine, "-", "-", "-", "-", seen]];
  return replicas.map((replica, index) => [
    ...(index === 0 ? machine : machine.map(() => "")),
    replica.model,
    replica.held_back ? { text: "held back", colour: "red" } : coloured(replica.state, progressOf(replica)),
    `${replica.slots_used}/${replica.slots}`,
    replica.decode_tokens_per_second === null ? "-" : formatRate(replica.decode_tokens_per_second),
    index === 0 ? seen : "",
  ]);
}

/** What to say under the table: how much there is, and what is wrong. */
export function workerNotes(workers: readonly Worker[]): string[] {
  const connected = workers.filter(({ state }) => state !== "lost");
  const ready = connected.flatMap(({ replicas }) => replicas).filter(({ state }) => state === "ready");
  const slots = ready.reduce((total, replica) => total + replica.slots, 0);
  const used = ready.reduce((total, replica) => total + replica.slots_used, 0);
  const failures = workers.flatMap((worker) =>
    worker.replicas.flatMap(({ model, error, held_back }) =>
      [error, held_back ? `held back: ${held_back}` : null].flatMap((what) =>
        what === null ? [] : [`${worker.name}, ${model}: ${what}`.replace(/\s+/g, " ")],
      ),
    ),
  );
  const away = workers.flatMap(({ name, state, availability }) =>
    state === "away" && availability !== undefined
      ? [`${name} is not lent (${availability.state}): ${availability.reason}`]
      : [],
  );
  return [
    `${formatCount(connected.length, "worker")}, ${used} of ${formatCount(slots, "slot")} in use`,
    ...away,
    ...failures,
  ].map(printableText);
}

/** What Muster has, what other programs have, and all: `6.1/1.4/12 GiB`; a question mark is what nobody tells. */
function vramOf(gpus: readonly Gpu[]): string {
  if (gpus.length === 0) return "-";
  const gib = (of: (gpu: Gpu) => number | null | undefined) => {
    const known = gpus.map(of).filter((bytes) => bytes != null);
    const bytes = known.reduce((total, each) => total + each, 0);
    return known.length < gpus.length ? "?" : String(Math.round((bytes / 2 ** 30) * 10) / 10);
  };
  const [ours, others] = [gib((gpu) => gpu.used_by_muster_bytes), gib((gpu) => gpu.used_by_others_bytes)];
  return `${ours}/${others}/${gib((gpu) => gpu.vram_bytes)} GiB`;
}

function progressOf({ progress }: Replica): string {
  return progress === null ? "" : ` ${Math.floor(progress * 100)} %`;
}

function coloured(state: Replica["state"], after = ""): Cell {
  const colour = colours[state];
  // A newer orchestrator may know more states.
  return colour === undefined ? `${state}${after}` : { text: `${state}${after}`, colour };
}

function sum<Key extends string>(items: readonly Readonly<Record<Key, number>>[], key: Key): number {
  return items.reduce((total, item) => total + item[key], 0);
}
