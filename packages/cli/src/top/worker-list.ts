import type { LiveGpu, LiveWorker } from "@muster/sdk";
import type { Cell } from "../table.ts";
import { workerStateCell } from "../worker-state.ts";
import { bar } from "./bars.ts";
import { type Column, columnTable } from "./column-table.ts";
import { type Line, text } from "./line.ts";
import { rate, share } from "./numbers.ts";
import type { WorkerOrder } from "./picture.ts";

/** A worker, and what its list is ordered by. */
interface WorkerUse {
  readonly worker: LiveWorker;
  readonly slots: number;
  readonly slotsUsed: number;
  /** About: what one answer gets, for each that runs. */
  readonly tokensPerSecond: number;
  readonly vramShare: number;
  readonly utilization: number;
}

const barWidth = 10;
/** `desk-9` before `desk-10`. */
const byWords = new Intl.Collator("en", { numeric: true });

/** Why a machine is not lent, in two words. */
const awayWords: Readonly<Record<string, string>> = {
  owner_here: "owner here",
  off_schedule: "off hours",
  paused: "paused",
  gpu_busy: "GPU in use",
  on_battery: "on battery",
  memory_needed: "memory short",
  unknown: "owner unseen",
};

const columns: readonly Column<WorkerUse>[] = [
  { head: "WORKER", width: 10, grows: true, rank: 0, cell: ({ worker }) => text(worker.name) },
  { head: "STATE", width: 12, rank: 1, cell: ({ worker }) => stateOf(worker) },
  { head: "VRAM", width: barWidth + 5, rank: 4, cell: ({ worker }) => memoryOf(worker) },
  {
    head: "GPU",
    width: 5,
    isRight: true,
    rank: 5,
    cell: ({ worker }) => share(meanUtilization(worker.gpus)),
  },
  {
    head: "SLOTS",
    width: 6,
    isRight: true,
    rank: 2,
    cell: ({ slots, slotsUsed }) => `${slotsUsed}/${slots}`,
  },
  { head: "TOK/S", width: 6, isRight: true, rank: 3, cell: ({ tokensPerSecond }) => rate(tokensPerSecond) },
  {
    head: "WATTS",
    width: 5,
    isRight: true,
    rank: 7,
    cell: ({ worker }) => (worker.watts === null ? "-" : String(Math.round(worker.watts))),
  },
  { head: "MODELS", width: 8, grows: true, rank: 6, cell: ({ worker }) => modelsOf(worker) },
];

/** The workers as lines, in an order that people have chosen; the first line is the head. */
export function workerLines(workers: Iterable<LiveWorker>, order: WorkerOrder, width: number): Line[] {
  const uses = [...workers].map(useOf).sort((a, b) => compare(a, b, order));
  if (uses.length === 0)
    return [
      [{ text: "WORKER", colour: "bold" }],
      ["No worker has joined. On the machine that shall lend: muster worker"],
    ];
  return columnTable(columns, uses, width);
}

function useOf(worker: LiveWorker): WorkerUse {
  const ready = worker.replicas.filter(({ state }) => state === "ready");
  const total = sum(worker.gpus.map(({ vram_bytes }) => vram_bytes));
  const taken = sum(
    worker.gpus.map(({ ours_bytes, others_bytes }) => (ours_bytes ?? 0) + (others_bytes ?? 0)),
  );
  return {
    worker,
    slots: sum(ready.map(({ slots }) => slots)),
    slotsUsed: sum(ready.map(({ slots_used }) => slots_used)),
    tokensPerSecond: sum(
      ready.map(({ slots_used, decode_tokens_per_second }) => slots_used * (decode_tokens_per_second ?? 0)),
    ),
    vramShare: total === 0 ? 0 : taken / total,
    utilization: meanUtilization(worker.gpus) ?? 0,
  };
}

function compare(a: WorkerUse, b: WorkerUse, order: WorkerOrder): number {
  const byName = byWords.compare(a.worker.name, b.worker.name) || (a.worker.id < b.worker.id ? -1 : 1);
  switch (order) {
    case "use":
      return (
        b.slotsUsed - a.slotsUsed || b.tokensPerSecond - a.tokensPerSecond || b.slots - a.slots || byName
      );
    case "name":
      return byName;
    case "memory":
      return b.vramShare - a.vramShare || byName;
    case "GPU":
      return b.utilization - a.utilization || byName;
    case "state":
      return byWords.compare(a.worker.state, b.worker.state) || byName;
    default:
      return order satisfies never;
  }
}

function stateOf(worker: LiveWorker): Cell {
  const cell = workerStateCell(worker);
  const isAway = (typeof cell === "string" ? cell : cell.text) === "away";
  const why = isAway ? awayWords[worker.availability.state] : undefined;
  if (why !== undefined) return { text: why, colour: "dim" };
  return typeof cell === "string" ? text(cell) : cell;
}

/** Ours, then that of other programs. A machine without a GPU shows how busy its processor is. */
function memoryOf({ gpus, cpu_load }: LiveWorker): Line {
  if (gpus.length === 0) return [{ text: `cpu ${share(cpu_load)}`, colour: "dim" }];
  const total = sum(gpus.map(({ vram_bytes }) => vram_bytes));
  if (total === 0 || gpus.some(({ ours_bytes }) => ours_bytes === null))
    return [{ text: "?", colour: "dim" }];
  const ours = sum(gpus.map(({ ours_bytes }) => ours_bytes ?? 0)) / total;
  const others = sum(gpus.map(({ others_bytes }) => others_bytes ?? 0)) / total;
  const drawn = bar(
    [
      { share: ours, mark: "█", colour: "green" },
      { share: others, mark: "▒", colour: "yellow" },
    ],
    barWidth,
  );
  return [...drawn, share(Math.min(1, ours + others)).padStart(5)];
}

function modelsOf({ replicas }: LiveWorker): Cell {
  const names = replicas
    .filter(({ state }) => state !== "unloaded")
    .map(({ model, state, progress, problem }) => {
      if (problem !== null) return `${model} (!)`;
      if (state === "ready") return model;
      return `${model} (${progress === null ? state : `${state} ${share(progress)}`})`;
    });
  const hasProblem = replicas.some(({ problem }) => problem !== null);
  return text(names.length === 0 ? "-" : names.join(", "), hasProblem ? "red" : undefined);
}

function meanUtilization(gpus: readonly LiveGpu[]): number | null {
  const known = gpus.map(({ utilization }) => utilization).filter((value) => value !== null);
  return known.length === 0 ? null : sum(known) / known.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
