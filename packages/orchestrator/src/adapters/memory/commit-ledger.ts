import { type Clock, systemClock } from "@muster/base";
import { addUsage } from "../../core/batches/batch.ts";
import type { ResultPointer } from "../../core/batches/line-result.ts";
import type {
  Claim,
  Commit,
  CommitLedger,
  LedgerState,
  LedgerStatus,
  LedgerTotals,
  Verdict,
} from "../../ports/commit-ledger.ts";

interface MemoryBatch {
  status: LedgerStatus;
  totals: LedgerTotals;
  readonly gen: number;
  readonly lines: number;
  readonly done: Uint8Array;
  readonly epochs: Map<number, number>;
  readonly pointers: Map<number, { readonly sha256: string; readonly pointer: ResultPointer }>;
  readonly crashes: Map<number, readonly string[]>;
}

export interface MemoryCommitLedger extends CommitLedger {
  /** Forgets everything, as a store does that has lost its memory. */
  lose(): void;
}

/** A ledger in memory, with the same promises as the real one while the process lives: for tests. */
export function createMemoryCommitLedger(clock: Clock = systemClock): MemoryCommitLedger {
  const batches = new Map<string, MemoryBatch>();
  const leases = new Map<string, { readonly holder: string; readonly untilMs: number }>();
  return {
    async open(batchId, { gen, lines, done, totals }) {
      const known = batches.get(batchId);
      if (known !== undefined && gen <= known.gen) return false;
      const bits = new Uint8Array(Math.ceil(lines / 8));
      bits.set(done.subarray(0, bits.length));
      const status = known?.status ?? "open";
      const underWay = { epochs: new Map(), pointers: new Map(), crashes: new Map() };
      batches.set(batchId, { status, gen, lines, totals, done: bits, ...underWay });
      return true;
    },
    state: async (batchId) => stateOf(batches.get(batchId)),
    claim: async (batchId, line, gen) => claim(batches.get(batchId), line, gen),
    commit: async (batchId, result) => commit(batches.get(batchId), result),
    async crashed(batchId, line, workerId) {
      const batch = batches.get(batchId);
      if (batch === undefined || line >= batch.lines || isDone(batch, line)) return [workerId];
      const workers = batch.crashes.get(line) ?? [];
      const all = workers.includes(workerId) ? workers : [...workers, workerId];
      batch.crashes.set(line, all);
      return all;
    },
    async fold(batchId, lines) {
      for (const line of lines) batches.get(batchId)?.pointers.delete(line);
    },
    async unfolded(batchId) {
      const pointers = batches.get(batchId)?.pointers ?? new Map<number, never>();
      return [...pointers].map(([line, { pointer }]) => ({ line, pointer }));
    },
    done: async (batchId) => Uint8Array.from(batches.get(batchId)?.done ?? []),
    async close(batchId) {
      const batch = batches.get(batchId);
      if (batch !== undefined) batch.status = "closed";
    },
    async forget(batchId) {
      batches.delete(batchId);
    },
    async lease(name, holder, ttlMs) {
      const held = leases.get(name);
      if (held !== undefined && held.holder !== holder && held.untilMs > clock.nowMs()) return false;
      leases.set(name, { holder, untilMs: clock.nowMs() + ttlMs });
      return true;
    },
    async release(name, holder) {
      if (leases.get(name)?.holder === holder) leases.delete(name);
    },
    memoryUse: async () => 0,
    async dispose() {},
    lose() {
      batches.clear();
      leases.clear();
    },
  };
}

function stateOf(batch: MemoryBatch | undefined): LedgerState | undefined {
  if (batch === undefined) return undefined;
  const { status, gen, lines, totals } = batch;
  return { status, gen, lines, totals };
}

function claim(batch: MemoryBatch | undefined, line: number, gen: number): Claim {
  if (batch === undefined || gen !== batch.gen || line >= batch.lines) return { kind: "stale" };
  if (batch.status === "closed") return { kind: "closed" };
  if (isDone(batch, line)) return { kind: "done" };
  const epoch = (batch.epochs.get(line) ?? 0) + 1;
  batch.epochs.set(line, epoch);
  return { kind: "claimed", token: { gen, epoch }, crashedOn: batch.crashes.get(line) ?? [] };
}

function commit(batch: MemoryBatch | undefined, result: Commit): Verdict {
  const { line, token, sha256, pointer, outcome } = result;
  if (batch === undefined || token.gen > batch.gen) return "stale";
  if (token.gen < batch.gen) return "fenced";
  if (batch.status === "closed") return "closed";
  if (isDone(batch, line)) return batch.pointers.get(line)?.sha256 === sha256 ? "already" : "lost";
  const newest = batch.epochs.get(line) ?? 0;
  if (token.epoch < 1 || token.epoch > newest) return "unknown";
  if (outcome === "failed" && token.epoch < newest) return "fenced";
  const byte = line >> 3;
  batch.done[byte] = (batch.done[byte] ?? 0) | (0x80 >> (line & 7));
  batch.pointers.set(line, { sha256, pointer });
  batch.epochs.delete(line);
  batch.crashes.delete(line);
  batch.totals = added(batch.totals, result);
  return "ok";
}

function added(totals: LedgerTotals, { outcome, isCached, usage }: Commit): LedgerTotals {
  return {
    completed: totals.completed + (outcome === "completed" ? 1 : 0),
    failed: totals.failed + (outcome === "failed" ? 1 : 0),
    cachedLines: totals.cachedLines + (isCached ? 1 : 0),
    usage: addUsage(totals.usage, usage),
  };
}

function isDone({ done }: MemoryBatch, line: number): boolean {
  return ((done[line >> 3] ?? 0) & (0x80 >> (line & 7))) !== 0;
}
