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
  const tier = lowestTier(candidates, wanted);
  if (tier === undefined) return { kind: "wait", reason: "no-replica" };
  const cost = costs(tier.fastest, wanted);
  let any: Found<C> | undefined;
  let warm: Found<C> | undefined;
  let probe: Found<C> | undefined;
  let expectedElsewhereMs: number | undefined;
  for (const replica of candidates) {
    if (tierOf(replica, wanted) !== tier.tier) continue;
    if (!hasFreeSlot(replica)) {
      const ms = cost(replica, replica.slots - 1, false);
      if (expectedElsewhereMs === undefined || ms < expectedElsewhereMs) expectedElsewhereMs = ms;
      continue;
    }
    const isWarm = isWarmFor(replica, wanted.prefix);
    const ms = cost(replica, replica.slotsUsed, isWarm);
    if (any === undefined || comesBefore(replica, ms, any)) any = { replica, ms };
    if (isWarm && (warm === undefined || comesBefore(replica, ms, warm))) warm = { replica, ms };
    if (replica.isProbeDue === true && (probe === undefined || comesBefore(replica, ms, probe)))
      probe = { replica, ms };
  }
  if (any === undefined) return { kind: "wait", reason: "no-free-slot" };
  if (!tier.isKnown) {
    const { replica } = probe ?? warm ?? any;
    return { kind: "assign", replica, expectedMs: undefined, expectedElsewhereMs: undefined };
  }
  const isTooSlow = warm !== undefined && warm.ms > tooSlowWhenWarm * any.ms;
  const { replica, ms } = probe ?? (isTooSlow ? any : (warm ?? any));
  return { kind: "assign", replica, expectedMs: ms, expectedElsewhereMs };
}

interface Found<C> {
  readonly replica: C;
  readonly ms: number;
}

/**
 * The replicas that may take a request, now or when a slot is free: those that can do what is needed; ill ones, and
 * workers to avoid, only where no other serves the model.
 */
export function eligibleReplicas<C extends Candidate>(
  candidates: readonly C[],
  wanted: Wanted,
): readonly C[] {
  const lowest = lowestTier(candidates, wanted);
  if (lowest === undefined) return [];
  return candidates.filter((candidate) => tierOf(candidate, wanted) === lowest.tier);
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
  const { decodeTokensPerSecond: decode, prefillTokensPerSecond: prefill } = replica;
  if (decode === undefined && prefill === undefined) return undefined;
  const times = timesOn(replica, isWarmFor(replica, wanted.prefix), { wanted, fastest: 1 });
  const shared = sharedBy(replica, others);
  return { prefillMs: shared * times.prefillMs, decodeMs: shared * times.decodeMs };
}

/** 0: ill in no way, and not to be avoided. Undefined: it cannot take the request. */
function tierOf(candidate: Candidate, { avoid, needs }: Wanted): number | undefined {
  if (!candidate.isAccepting || !canDo(candidate, needs)) return undefined;
  return (avoid.size > 0 && avoid.has(candidate.workerId) ? 2 : 0) + ((candidate.badness ?? 0) > 0 ? 1 : 0);
}

/** The best tier that any candidate is in, and how fast the fastest of it decodes. */
function lowestTier(
  candidates: readonly Candidate[],
  wanted: Wanted,
): { readonly tier: number; readonly fastest: number; readonly isKnown: boolean } | undefined {
  let lowest: number | undefined;
  let fastest = 0;
  for (const candidate of candidates) {
    const tier = tierOf(candidate, wanted);
    if (tier === undefined || (lowest !== undefined && tier > lowest)) continue;
    if (tier !== lowest) {
      lowest = tier;
      fastest = 0;
    }
    const { decodeTokensPerSecond: decode, prefillTokensPerSecond: prefill } = candidate;
    const rate = decode || (prefill ?? 0) / prefillPerDecode;
    if (rate > fastest) fastest = rate;
  }
  return lowest === undefined ? undefined : { tier: lowest, fastest: fastest || 1, isKnown: fastest > 0 };
}

function costs(fastest: number, wanted: Wanted) {
  return (replica: Candidate, others: number, isWarm: boolean): number => {
    const { prefillMs, decodeMs } = timesOn(replica, isWarm, { wanted, fastest });
    return sharedBy(replica, others) * (prefillMs + decodeMs);
  };
}

/** For a sequence that has the replica to itself. */
function timesOn(
  replica: Candidate,
  isWarm: boolean,
  { wanted, fastest }: { readonly wanted: Wanted; readonly fastest: number },
): { readonly prefillMs: number; readonly decodeMs: number } {
  const promptTokens = wanted.promptTokens ?? usualTokens.prompt;
  const answerTokens = wanted.answerTokens ?? usualTokens.answer;
  const { decodeTokensPerSecond, prefillTokensPerSecond } = replica;
  const decode = decodeTokensPerSecond || (prefillTokensPerSecond ?? 0) / prefillPerDecode || fastest;
  const prefill = prefillTokensPerSecond || decode * prefillPerDecode;
  const known = isWarm
    ? Math.min(promptTokens, Math.max(warmTokens.least, warmTokens.share * promptTokens))
    : 0;
  return {
    prefillMs: ((promptTokens - known) * 1_000) / prefill,
    decodeMs: (answerTokens * 1_000) / decode,
  };
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
