/** After one of our engines has come or gone, readings of different moments may contradict each other for so long. */
export const settleMs = 5_000;

/** Notes which processes and replicas are ours, and when that changed last. Times are of a monotonic clock. */
export class OwnChanges {
  readonly #seenAtMs = new Map<number, number>();
  #ours = "";
  #changedAtMs = Number.NEGATIVE_INFINITY;

  /** With those that run: their memory comes back bit by bit, and lists of processes are a moment old. */
  get latePids(): ReadonlySet<number> {
    return new Set(this.#seenAtMs.keys());
  }

  note(
    pids: readonly number[],
    replicas: readonly { readonly replicaId: string; readonly state: string }[],
    nowMs: number,
  ): void {
    for (const pid of pids) this.#seenAtMs.set(pid, nowMs);
    for (const [pid, seenAtMs] of this.#seenAtMs) if (nowMs - seenAtMs > settleMs) this.#seenAtMs.delete(pid);
    const ours = [...pids, ...replicas.map(({ replicaId, state }) => `${replicaId} ${state}`)].join();
    if (ours === this.#ours) return;
    this.#ours = ours;
    this.#changedAtMs = nowMs;
  }

  /** @param withinMs how long ago at most */
  areRecent(nowMs: number, withinMs = settleMs): boolean {
    return nowMs - this.#changedAtMs < withinMs;
  }
}
