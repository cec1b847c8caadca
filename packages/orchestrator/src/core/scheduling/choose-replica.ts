import type { Capability } from "@muster/base";

/** A replica of the wanted model that could be asked, as the registry sees it now. */
export interface Candidate {
  readonly workerId: string;
  readonly replicaId: string;
  readonly slots: number;
  readonly slotsUsed: number;
  readonly isAccepting: boolean;
  readonly capabilities: ReadonlySet<Capability>;
  /** Both of one sequence that has the replica to itself: measured, or expected; undefined: nobody knows. */
  readonly decodeTokensPerSecond: number | undefined;
  readonly prefillTokensPerSecond?: number | undefined;
  /** What each other sequence adds to the time, from 0 to 1; undefined: 1, as if they ran one after the other. */
  readonly contention?: number | undefined;
  /** Beginnings of prompts that it should still have in its caches. */
  readonly warmPrefixes?: readonly number[];
  /** Above 0: something is wrong with it, and it gets work only where that is so of all; then the least first. */
  readonly badness?: number;
  /** It was ill, and its next request shows whether it still is. */
  readonly isProbeDue?: boolean;
}

export type Choice<C extends Candidate> =
  | {
      readonly kind: "assign";
      readonly replica: C;
      /** Until the answer is complete; undefined: nothing is known of any replica's speed. */
      readonly expectedMs: number | undefined;
      /** The same on the fastest replica that is full, from when it has a slot; undefined: there is none. */
      readonly expectedElsewhereMs: number | undefined;
    }
  | { readonly kind: "wait"; readonly reason: "no-replica" | "no-free-slot" };

/** What a request asks of the replica that takes it. */
export interface Wanted {
  /** Workers that an attempt of this request failed on. */
  readonly avoid: ReadonlySet<string>;
  readonly needs: ReadonlySet<Capability>;
  /** How the prompt begins; 0 or undefined: like no other. */
  readonly prefix?: number | undefined;
  /** Estimates; undefined: nobody has looked. */
  readonly promptTokens?: number | undefined;
  /** What the answer is likely to have, not what it may have at most. */
  readonly answerTokens?: number | undefined;
}

/** For requests that say nothing of their size. */
const usualTokens = { prompt: 256, answer: 128 };
/** Beginnings that are told apart have 1024 characters at least; more often they are a good part of the prompt. */
const warmTokens = { least: 256, share: 0.5 };
/** A replica that knows the beginning comes first until another is done so many times sooner. */
const tooSlowWhenWarm = 2;
/** To wait for a replica that is full it must be done so many times sooner: what is expected need not happen. */
export const clearlyFaster = 1.25;
/** How much faster prompts are read than answers written, where only one of the two is known. */
const prefillPerDecode = 16;

/**
 * Picks the replica that should finish the answer first by what is known of its speed and what it runs; of those with a
 * free slot. Where the beginning of the prompt is known to some, one of them is taken unless that is clearly slower.
 * A replica that nobody knows counts as fast as the fastest, so that it gets work and is measured.
 * Same input, same answer: ties go to the lower worker id.
 */
export function chooseReplica<C extends Candidate>(candidates: readonly C[], wanted: Wanted): Choice<C> {
  const tierOf = tiers(wanted);
  let field: Field<C> | undefined;
  // One pass, and nothing is made in it: a model may have a thousand replicas.
  for (const replica of candidates) {
    const tier = tierOf(replica);
    if (tier === undefined || (field !== undefined && tier > field.tier)) continue;
    if (field === undefined || tier < field.tier) field = new Field(tier, wanted);
    field.add(replica);
  }
  return field?.choice() ?? { kind: "wait", reason: "no-replica" };
}

/** The best of some candidates. Costs of those that nobody knows are set against the fastest, once that is found. */
class Field<C extends Candidate> {
  readonly tier: number;
  readonly #wanted: Wanted;
  readonly #known = new Best<C>();
  readonly #unknown = new Best<C>();
  #fastest = 0;
  #fullMs = Number.POSITIVE_INFINITY;

  constructor(tier: number, wanted: Wanted) {
    this.tier = tier;
    this.#wanted = wanted;
  }

  add(replica: C): void {
    const rate = rateOf(replica);
    if (rate > this.#fastest) this.#fastest = rate;
    if (!hasFreeSlot(replica)) {
      if (rate === 0) return;
      const ms = costOf(replica, replica.slots - 1, { wanted: this.#wanted, isWarm: false });
      if (ms < this.#fullMs) this.#fullMs = ms;
      return;
    }
    const isWarm = isWarmFor(replica, this.#wanted.prefix);
    const ms = costOf(replica, replica.slotsUsed, { wanted: this.#wanted, isWarm });
    (rate === 0 ? this.#unknown : this.#known).add(replica, ms, isWarm);
  }

  choice(): Choice<C> {
    const scale = 1 / (this.#fastest || 1);
    const better = (known: Found<C> | undefined, unknown: Found<C> | undefined): Found<C> | undefined => {
      if (unknown === undefined) return known;
      const scaled = { replica: unknown.replica, ms: unknown.ms * scale };
      return known === undefined || comesBefore(scaled.replica, scaled.ms, known) ? scaled : known;
    };
    const any = better(this.#known.any, this.#unknown.any);
    if (any === undefined) return { kind: "wait", reason: "no-free-slot" };
    const warm = better(this.#known.warm, this.#unknown.warm);
    const probe = better(this.#known.probe, this.#unknown.probe);
    if (this.#fastest === 0) {
      const { replica } = probe ?? warm ?? any;
      return { kind: "assign", replica, expectedMs: undefined, expectedElsewhereMs: undefined };
    }
    const isTooSlow = warm !== undefined && warm.ms > tooSlowWhenWarm * any.ms;
    const { replica, ms } = probe ?? (isTooSlow ? any : (warm ?? any));
    const expectedElsewhereMs = Number.isFinite(this.#fullMs) ? this.#fullMs : undefined;
    return { kind: "assign", replica, expectedMs: ms, expectedElsewhereMs };
  }
}

interface Found<C> {
  readonly replica: C;
  readonly ms: number;
}

/** The best of all, of those that know how the prompt begins, and of those that are to be probed. */
class Best<C extends Candidate> {
  any: Found<C> | undefined;
  warm: Found<C> | undefined;
  probe: Found<C> | undefined;

  add(replica: C, ms: number, isWarm: boolean): void {
    if (this.any === undefined || comesBefore(replica, ms, this.any)) this.any = { replica, ms };
    if (isWarm && (this.warm === undefined || comesBefore(replica, ms, this.warm)))
      this.warm = { replica, ms };
    if (replica.isProbeDue !== true) return;
    if (this.probe === undefined || comesBefore(replica, ms, this.probe)) this.probe = { replica, ms };
  }
}

/**
 * The replicas that may take a request, now or when a slot is free: those that can do what is needed; ill ones, and
 * workers to avoid, only where no other serves the model.
 */
export function eligibleReplicas<C extends Candidate>(
  candidates: readonly C[],
  wanted: Wanted,
): readonly C[] {
  const tierOf = tiers(wanted);
  let lowest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) lowest = Math.min(lowest, tierOf(candidate) ?? lowest);
  return candidates.filter((candidate) => tierOf(candidate) === lowest);
}

export function hasFreeSlot({ slots, slotsUsed }: Candidate): boolean {
  return slotsUsed < slots;
}

/** Whether `needs` has nothing that the replica cannot do. */
export function canDo(
  { capabilities }: { readonly capabilities: ReadonlySet<Capability> },
  needs: ReadonlySet<Capability>,
): boolean {
  for (const need of needs) if (!capabilities.has(need)) return false;
  return true;
}

/** How long the answer takes on a replica beside `others` sequences, by what is known of it alone. */
export function expectedTimesMs(
  replica: Candidate,
  others: number,
  wanted: Wanted,
): { readonly prefillMs: number; readonly decodeMs: number } | undefined {
  if (rateOf(replica) === 0) return undefined;
  const shared = sharedBy(replica, others);
  return {
    prefillMs: shared * prefillMsOf(replica, wanted, isWarmFor(replica, wanted.prefix)),
    decodeMs: shared * decodeMsOf(replica, wanted),
  };
}

/**
 * For each candidate how eligible it is: 0 where nothing is wrong with it and it is not to be avoided, more otherwise,
 * undefined where it cannot take the request.
 */
function tiers({ avoid, needs }: Wanted): (candidate: Candidate) => number | undefined {
  let seen: ReadonlySet<Capability> | undefined;
  let isAble = false;
  return (candidate) => {
    if (!candidate.isAccepting) return undefined;
    // Replicas of one model mostly share one set.
    if (candidate.capabilities !== seen) {
      seen = candidate.capabilities;
      isAble = canDo(candidate, needs);
    }
    if (!isAble) return undefined;
    const isIll = candidate.badness !== undefined && candidate.badness > 0;
    return (avoid.size > 0 && avoid.has(candidate.workerId) ? 2 : 0) + (isIll ? 1 : 0);
  };
}

/** In tokens written per second, where only reading is known as well; 0: nobody knows. */
function rateOf({ decodeTokensPerSecond, prefillTokensPerSecond }: Candidate): number {
  return decodeTokensPerSecond || (prefillTokensPerSecond ?? 0) / prefillPerDecode;
}

/** Until the answer is complete, beside `others`; for one that nobody knows as if it wrote a token a second. */
function costOf(
  replica: Candidate,
  others: number,
  { wanted, isWarm }: { readonly wanted: Wanted; readonly isWarm: boolean },
): number {
  return sharedBy(replica, others) * (prefillMsOf(replica, wanted, isWarm) + decodeMsOf(replica, wanted));
}

function prefillMsOf(
  replica: Candidate,
  { promptTokens = usualTokens.prompt }: Wanted,
  isWarm: boolean,
): number {
  const known = isWarm
    ? Math.min(promptTokens, Math.max(warmTokens.least, warmTokens.share * promptTokens))
    : 0;
  const rate = replica.prefillTokensPerSecond || (rateOf(replica) || 1) * prefillPerDecode;
  return ((promptTokens - known) * 1_000) / rate;
}

function decodeMsOf(replica: Candidate, { answerTokens = usualTokens.answer }: Wanted): number {
  return (answerTokens * 1_000) / (rateOf(replica) || 1);
}

function sharedBy({ contention }: Candidate, others: number): number {
  return 1 + (contention ?? 1) * others;
}

function isWarmFor({ warmPrefixes }: Candidate, prefix: number | undefined): boolean {
  return prefix !== undefined && prefix !== 0 && warmPrefixes?.includes(prefix) === true;
}

/** Less ill first, then sooner, then by id. */
function comesBefore<C extends Candidate>(a: C, ms: number, b: Found<C>): boolean {
  const badness = (a.badness ?? 0) - (b.replica.badness ?? 0);
  if (badness !== 0) return badness < 0;
  if (ms !== b.ms) return ms < b.ms;
  const { workerId, replicaId } = b.replica;
  return a.workerId === workerId ? a.replicaId < replicaId : a.workerId < workerId;
}
