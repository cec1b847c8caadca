/** A replica of the wanted model that could be asked, as the registry sees it now. */
export interface Candidate {
  readonly workerId: string;
  readonly replicaId: string;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly isAccepting: boolean;
  readonly decodeTokensPerSecond: number | undefined;
}

export type Choice<C extends Candidate> =
  | { readonly kind: "assign"; readonly replica: C }
  | { readonly kind: "wait"; readonly reason: "no-replica" | "no-free-slot" };

/**
 * Picks the replica that should finish one more answer first: the least (answers it would then run) / (its measured
 * speed). A replica that has not been measured counts as fast as the fastest, so that it gets work and is measured.
 * Workers in `avoid` (an attempt of this request failed there) are asked only where no other serves the model at all.
 * Same input, same answer: ties go to the lower worker id.
 */
export function chooseReplica<C extends Candidate>(
  candidates: readonly C[],
  avoid: ReadonlySet<string>,
): Choice<C> {
  const accepting = candidates.filter((candidate) => candidate.isAccepting);
  if (accepting.length === 0) return { kind: "wait", reason: "no-replica" };
  const preferred = accepting.filter((candidate) => !avoid.has(candidate.workerId));
  const eligible = preferred.length > 0 ? preferred : accepting;
  const fastest = Math.max(0, ...eligible.map((candidate) => candidate.decodeTokensPerSecond ?? 0)) || 1;

  let best: { readonly replica: C; readonly cost: number } | undefined;
  for (const replica of eligible) {
    if (replica.slotsUsed >= replica.slots) continue;
    const cost = (replica.slotsUsed + 1) / (replica.decodeTokensPerSecond || fastest);
    if (best === undefined || cost < best.cost || (cost === best.cost && comesFirst(replica, best.replica))) {
      best = { replica, cost };
    }
  }
  return best === undefined
    ? { kind: "wait", reason: "no-free-slot" }
    : { kind: "assign", replica: best.replica };
}

function comesFirst(a: Candidate, b: Candidate): boolean {
  return a.workerId === b.workerId ? a.replicaId < b.replicaId : a.workerId < b.workerId;
}
