import type { LiveWorker } from "@muster/sdk";
import { count, whole } from "../../format/numbers.ts";
import { type SortValue, sorted } from "../../parts/sorting.ts";

export interface WorkerFilter {
  /** In its name, pool, GPU or models. */
  readonly text: string;
  /** "" is any, as below. */
  readonly state: string;
  readonly model: string;
  readonly sort: SortKey;
}

export const sortKeys = ["name", "state", "speed", "load", "watts", "free"] as const;
export type SortKey = (typeof sortKeys)[number];

const stateOrder: Readonly<Record<string, number>> = { lost: 0, draining: 1, joining: 2, ready: 3, away: 4 };

/** Figures are sorted from the top, words from A. */
const sorts: Readonly<
  Record<SortKey, { readonly by: (worker: LiveWorker) => SortValue; readonly isDown: boolean }>
> = {
  name: { by: ({ name }) => name, isDown: false },
  state: { by: ({ state }) => stateOrder[state] ?? 9, isDown: false },
  speed: { by: speedOf, isDown: true },
  load: { by: loadOf, isDown: true },
  watts: { by: ({ watts }) => watts, isDown: true },
  free: { by: freeOf, isDown: true },
};

export function listed(workers: Iterable<LiveWorker>, filter: WorkerFilter): LiveWorker[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = [...workers].filter(
    (worker) =>
      (filter.state === "" || worker.state === filter.state) &&
      (filter.model === "" || worker.replicas.some(({ model }) => model === filter.model)) &&
      (words.length === 0 || has(worker, words)),
  );
  const { by, isDown } = sorts[filter.sort];
  // Equals in their order of names: rows must not jump about.
  return sorted(
    sorted(kept, ({ name }) => name, false),
    by,
    isDown,
  );
}

function has({ name, id, pool, gpus, replicas }: LiveWorker, words: readonly string[]): boolean {
  const parts = [name, id, pool ?? "", ...gpus.map((gpu) => gpu.name), ...replicas.map(({ model }) => model)];
  const text = parts.join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** What its replicas write now, each busy slot at its measured speed. */
export function speedOf({ replicas }: LiveWorker): number | null {
  const known = replicas.filter((replica) => replica.decode_tokens_per_second !== null);
  if (known.length === 0) return null;
  return Math.max(...known.map((replica) => replica.decode_tokens_per_second ?? 0));
}

export function loadOf({ gpus, cpu_load: cpuLoad }: LiveWorker): number {
  const told = gpus.map(({ utilization }) => utilization).filter((value) => value !== null);
  return told.length === 0 ? cpuLoad : Math.max(...told);
}

function freeOf({ gpus }: LiveWorker): number | null {
  if (gpus.length === 0) return null;
  return gpus.reduce((sum, gpu) => sum + gpu.vram_bytes - (gpu.ours_bytes ?? 0) - (gpu.others_bytes ?? 0), 0);
}

/** How many there are, and how many of them are lent. */
export function leadOf(workers: Iterable<LiveWorker>): string {
  const all = [...workers];
  const lent = all.filter(({ state }) => state === "ready").length;
  if (all.length === 1)
    return lent === 1 ? "1 machine, and it is lent now." : "1 machine, and it is not lent now.";
  const share = lent === all.length ? "all" : lent === 0 ? "none" : whole(lent);
  return `${count(all.length, "machine")}, ${share} of them lent now.`;
}

export interface Layout {
  readonly isNarrow: boolean;
  /** Pixels of a rem: rows grow with the text. */
  readonly remPx: number;
}

/** How tall a row is; known without drawing it, since 1,000 are not drawn. */
export function heightOfRow({ gpus, replicas }: LiveWorker, { isNarrow, remPx }: Layout): number {
  const gpuLines = Math.max(1, gpus.length);
  const replicaLines = Math.max(1, replicas.length);
  const rems = isNarrow
    ? 4.25 + 2.4 * gpuLines + 1.5 * replicas.length + (replicas.length > 0 ? 0.5 : 0)
    : 1.5 + Math.max(3.6, 2.4 * gpuLines, 1.5 * replicaLines);
  return Math.round(rems * remPx);
}
