import type { Capability } from "@muster/base";

/** A replica of the wanted model that could be asked, as the registry sees it now. */
export interface Candidate {
  readonly workerId: string;
  readonly replicaId: string;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly isAccepting: boolean;
  readonly capabilities: ReadonlySet<Capability>;
  readonly decodeTokensPerSecond: number | undefined;
  /** Beginnings of prompts that it should still have in its caches. */
  readonly warmPrefixes?: readonly number[];
}

export type Choice<C extends Candidate> =
  | { readonly kind: "assign"; readonly replica: C }
  | { readonly kind: "wait"; readonly reason: "no-replica" | "no-free-slot" };

/** What a request asks of the replica that takes it. */
export interface Wanted {
  /** Workers that an attempt of this request failed on. */
  readonly avoid: ReadonlySet<string>;
  readonly needs: ReadonlySet<Capability>;
  /** How the prompt begins; 0 or undefined: like no other. */
  readonly prefix?: number | undefined;
}

/**
 * Picks the replica that should finish one more answer first: the least (answers it would then run) / (its measured
 * speed). A replica that has not been measured counts as fast as the fastest, so that it gets work and is measured.
 * Of the replicas with a free slot, those that know the prompt's beginning come first.
 * Same input, same answer: ties go to the lower worker id.
 */
export function chooseReplica<C extends Candidate>(candidates: readonly C[], wanted: Wanted): Choice<C> {
  const eligible = eligibleReplicas(candidates, wanted);
  if (eligible.length === 0) return { kind: "wait", reason: "no-replica" };
  const fastest = Math.max(0, ...eligible.map((candidate) => candidate.decodeTokensPerSecond ?? 0)) || 1;

  let best: { readonly replica: C; readonly cost: number } | undefined;
  for (const replica of warmest(eligible.filter(hasFreeSlot), wanted.prefix)) {
    const cost = (replica.slotsUsed + 1) / (replica.decodeTokensPerSecond || fastest);
    if (best === undefined || cost < best.cost || (cost === best.cost && comesFirst(replica, best.replica))) {
      best = { replica, cost };
    }
  }
  return best === undefined
    ? { kind: "wait", reason: "no-free-slot" }
    : { kind: "assign", replica: best.replica };
}

/**
 * The replicas that may take a request, now or when a slot is free: those that can do what is needed, and workers to
 * avoid only where no other serves the model.
 */
export function eligibleReplicas<C extends Candidate>(
  candidates: readonly C[],
  { avoid, needs }: Wanted,
): readonly C[] {
  const accepting = candidates.filter((candidate) => candidate.isAccepting && canDo(candidate, needs));
  const preferred = accepting.filter((candidate) => !avoid.has(candidate.workerId));
  return preferred.length > 0 ? preferred : accepting;
}

export function hasFreeSlot({ slots, slotsUsed }: Candidate): boolean {
  return slotsUsed < slots;
}

/** Those that know how the prompt begins, or all where none does. */
function warmest<C extends Candidate>(free: readonly C[], prefix: number | undefined): readonly C[] {
  if (!prefix) return free;
  const warm = free.filter(({ warmPrefixes }) => warmPrefixes?.includes(prefix));
  return warm.length > 0 ? warm : free;
}

/** Whether `needs` has nothing that the replica cannot do. */
export function canDo(
  { capabilities }: { readonly capabilities: ReadonlySet<Capability> },
  needs: ReadonlySet<Capability>,
): boolean {
  for (const need of needs) if (!capabilities.has(need)) return false;
  return true;
}

function comesFirst(a: Candidate, b: Candidate): boolean {
  return a.workerId === b.workerId ? a.replicaId < b.replicaId : a.workerId < b.workerId;
}
