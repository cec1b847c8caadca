import type { SimRequest } from "./world.ts";

/** A second sequence on the same replica adds this share of the first one's speed. */
const nextSlotShare = 0.6;

/** One try of a request on a replica. */
export interface SimAttempt {
  readonly request: SimRequest;
  readonly startedAtMs: number;
  /** When this much has been written by each of the replica's slots, it is done. */
  readonly doneAt: number;
  readonly beganAt: number;
}

/** A loaded model: its slots share its speed evenly. Work is counted per slot: all that run advance alike. */
export class SimReplica {
  readonly id: string;
  readonly desk: number;
  readonly model: number;
  readonly slots: number;
  /** Of one sequence alone. */
  readonly tokensPerSecond: number;
  readonly attempts = new Set<SimAttempt>();
  lastUsedAtMs = 0;
  isRetiring = false;
  /** Events of an earlier version are void. */
  version = 0;
  /** Replicas of its desk that run something: they share its memory's speed. */
  #sharers = 1;
  #done = 0;
  #atMs = 0;

  constructor(facts: {
    readonly id: string;
    readonly desk: number;
    readonly model: number;
    readonly slots: number;
    readonly tokensPerSecond: number;
  }) {
    this.id = facts.id;
    this.desk = facts.desk;
    this.model = facts.model;
    this.slots = facts.slots;
    this.tokensPerSecond = facts.tokensPerSecond;
  }

  get hasFreeSlot(): boolean {
    return this.attempts.size < this.slots && !this.isRetiring;
  }

  start(request: SimRequest, nowMs: number): void {
    this.#advance(nowMs);
    this.attempts.add({
      ...{ request, startedAtMs: nowMs, beganAt: this.#done },
      doneAt: this.#done + request.work,
    });
    this.#changed(nowMs);
  }

  end(attempt: SimAttempt, nowMs: number): void {
    this.#advance(nowMs);
    this.attempts.delete(attempt);
    this.#changed(nowMs);
  }

  /** Whether that changes when its next answer is done. */
  share(sharers: number, nowMs: number): boolean {
    if (sharers === this.#sharers) return false;
    this.#advance(nowMs);
    this.#sharers = sharers;
    this.version += 1;
    return true;
  }

  /** What has been written for an attempt. */
  writtenFor(attempt: SimAttempt, nowMs: number): number {
    this.#advance(nowMs);
    return Math.min(attempt.request.work, this.#done - attempt.beganAt);
  }

  /** Whoever is done next, and when. */
  next(nowMs: number): { readonly attempt: SimAttempt; readonly atMs: number } | undefined {
    let first: SimAttempt | undefined;
    for (const attempt of this.attempts)
      if (first === undefined || attempt.doneAt < first.doneAt) first = attempt;
    if (first === undefined) return undefined;
    this.#advance(nowMs);
    return {
      attempt: first,
      atMs: nowMs + Math.max(0, ((first.doneAt - this.#done) * 1000) / this.#perSlot()),
    };
  }

  #advance(nowMs: number): void {
    if (this.attempts.size > 0) this.#done += ((nowMs - this.#atMs) / 1000) * this.#perSlot();
    this.#atMs = nowMs;
  }

  #changed(nowMs: number): void {
    this.lastUsedAtMs = nowMs;
    this.version += 1;
  }

  #perSlot(): number {
    const running = this.attempts.size;
    return (this.tokensPerSecond * (1 + nextSlotShare * (running - 1))) / running / this.#sharers;
  }
}

/** What runs on one desk shares its speed. Gives those whose next answer is done at another time now. */
export function shareSpeed(onDesk: readonly SimReplica[], nowMs: number): readonly SimReplica[] {
  const busy = onDesk.filter(({ attempts }) => attempts.size > 0).length;
  return onDesk.filter((replica) => replica.share(Math.max(1, busy), nowMs));
}
