import type { LendingState } from "@muster/base";
import { isInSchedule, type LocalTime, nextStart, type Schedule } from "./schedule.ts";

/** What a probe has found; `unknown` says why, and what the owner can do about it. */
export type Reading<T> =
  | { readonly kind: "known"; readonly value: T }
  | { readonly kind: "unknown"; readonly why: string };

/** What is seen of the owner. */
export interface OwnerReadings {
  /** Since the last keyboard or mouse input; Infinity: nobody can be there. */
  readonly idleMs: Reading<number>;
  /** Something is shown that fills the screen, or that keeps it awake: somebody may watch without touching a key. */
  readonly isFullScreen: Reading<boolean>;
  readonly isOnAcPower: Reading<boolean>;
}

/** Whether programs other than ours work on the GPUs. */
export interface GpuReading {
  readonly isUsedByOthers: boolean | "unknown";
}

export interface PolicyReadings {
  readonly owner: OwnerReadings;
  readonly gpu: GpuReading;
  readonly at: LocalTime;
  /** Others need the memory so much that nothing of ours is left in it. */
  readonly isMemoryNeeded: boolean;
  /** The owner has said so; for people, when it ends. */
  readonly pause: PauseReading | undefined;
  /** So has an administrator of the fleet. */
  readonly administratorPause: PauseReading | undefined;
}

interface PauseReading {
  readonly until: string | undefined;
}

export type LendingRule =
  | { readonly policy: "always" }
  | { readonly policy: "schedule"; readonly schedule: Schedule }
  /** `awayAfterMs`: without input for so long, the owner is away. */
  | { readonly policy: "owner-away"; readonly awayAfterMs: number };

/** What is remembered from one decision to the next. Times are of a monotonic clock. */
export interface PolicyMemory {
  readonly isLending: boolean;
  /** Since when something unknown has been put up with. */
  readonly unknownSinceMs: number | undefined;
  /** When something other than input stood in the way last. */
  readonly blockedAtMs: number | undefined;
  /** When lending was broken off, lately. */
  readonly brokenOffAtMs: readonly number[];
}

export interface LendingDecision {
  readonly state: LendingState;
  readonly reason: string;
  readonly memory: PolicyMemory;
}

export const noPolicyMemory: PolicyMemory = {
  isLending: false,
  unknownSinceMs: undefined,
  blockedAtMs: undefined,
  brokenOffAtMs: [],
};

/** One look that fails is put up with so long while we lend: a command may be late. Never to begin lending. */
const unknownGraceMs = 2_000;
/** What got in the way must have been gone for so long; twice as long each time that lending was broken off lately. */
const calmMs = 15_000;
const maxCalmMs = 15 * 60_000;
const rememberedMs = 60 * 60_000;
const maxRemembered = 16;
/** An owner who comes back this often is waited for longer, up to four times. */
const freeReturns = 3;

type Verdict = { readonly state: LendingState; readonly reason: string };
const lent: Verdict = { state: "lending", reason: "" };

/**
 * Whether the machine is lent now. What is unknown counts against it. The owner's input ends it at once; what comes
 * and goes ends it at once and lets it begin again only after a while.
 */
export function decideLending(facts: {
  readonly rule: LendingRule;
  readonly readings: PolicyReadings;
  readonly nowMs: number;
  readonly before: PolicyMemory;
}): LendingDecision {
  const { rule, readings, nowMs, before } = facts;
  const { isMemoryNeeded, at } = readings;
  const brokenOffAtMs = before.brokenOffAtMs.filter((eachMs) => nowMs - eachMs < rememberedMs);
  const kept: PolicyMemory = { ...before, brokenOffAtMs, unknownSinceMs: undefined };
  const decided = ({ state, reason }: Verdict, memory: PolicyMemory = kept): LendingDecision => ({
    state,
    reason,
    memory: { ...memory, isLending: state === "lending" },
  });

  const paused = pausedBecause(readings);
  if (paused !== undefined) return decided({ state: "paused", reason: paused });
  if (rule.policy === "schedule" && !isInSchedule(rule.schedule, at)) {
    const next = nextStart(rule.schedule, at);
    return decided({ state: "off_schedule", reason: `It is lent again from ${next} on.` });
  }
  if (isMemoryNeeded) {
    return decided({ state: "memory_needed", reason: "Other programs need the memory." });
  }
  if (rule.policy !== "owner-away") return decided(lent);
  return decideAway(rule.awayAfterMs, { readings, nowMs, before, kept, decided });
}

/** Both may have paused it; who reads this wants to know whom to ask. */
function pausedBecause({ pause, administratorPause }: PolicyReadings): string | undefined {
  const owner =
    pause === undefined
      ? undefined
      : `Its owner has paused it, until ${pause.until ?? "muster worker resume"}.`;
  const administrator =
    administratorPause === undefined
      ? undefined
      : `Paused by an administrator until ${administratorPause.until ?? "muster workers resume"}.`;
  const said = [owner, administrator].filter((each) => each !== undefined);
  return said.length === 0 ? undefined : said.join(" ");
}

function decideAway(
  awayAfterMs: number,
  facts: {
    readonly readings: PolicyReadings;
    readonly nowMs: number;
    readonly before: PolicyMemory;
    /** As before, without what is over. */
    readonly kept: PolicyMemory;
    readonly decided: (verdict: Verdict, memory?: PolicyMemory) => LendingDecision;
  },
): LendingDecision {
  const { readings, nowMs, before, kept, decided } = facts;
  const breakOff = (memory: PolicyMemory): PolicyMemory =>
    memory.isLending
      ? { ...memory, brokenOffAtMs: [...memory.brokenOffAtMs, nowMs].slice(-maxRemembered) }
      : memory;

  const blocked = blockedBy(readings);
  if (blocked !== undefined) return decided(blocked, { ...breakOff(kept), blockedAtMs: nowMs });

  const { idleMs } = readings.owner;
  const neededMs = kept.isLending ? awayAfterMs : awayAfterMs * patience(kept.brokenOffAtMs.length);
  if (idleMs.kind === "known" && idleMs.value < neededMs) {
    const reason = `Somebody is there, or was lately: lent after ${inWords(neededMs)} without input.`;
    return decided({ state: "owner_here", reason }, breakOff(kept));
  }

  const why = unknownAmong(readings);
  if (why !== undefined) {
    const sinceMs = before.unknownSinceMs ?? nowMs;
    if (kept.isLending && nowMs - sinceMs < unknownGraceMs)
      return decided(lent, { ...kept, unknownSinceMs: sinceMs });
    return decided({ state: "unknown", reason: why }, { ...breakOff(kept), blockedAtMs: nowMs });
  }

  const calmNeededMs = Math.min(maxCalmMs, calmMs * 2 ** Math.max(0, kept.brokenOffAtMs.length - 1));
  const { blockedAtMs } = kept;
  if (!kept.isLending && blockedAtMs !== undefined && nowMs - blockedAtMs < calmNeededMs) {
    const reason = `It was in use until just now: lent after ${inWords(calmNeededMs)} of calm.`;
    return decided({ state: "owner_here", reason });
  }
  return decided(lent);
}

/** What stands in the way for certain, whatever else is unknown. */
function blockedBy({ owner, gpu }: PolicyReadings): Verdict | undefined {
  if (isKnown(owner.isFullScreen, true)) {
    return { state: "owner_here", reason: "A program fills the screen or keeps it awake." };
  }
  if (gpu.isUsedByOthers === true) return { state: "gpu_busy", reason: "Another program works on the GPU." };
  if (isKnown(owner.isOnAcPower, false)) return { state: "on_battery", reason: "It runs on its battery." };
  return undefined;
}

/** Which probe does not tell, and why. */
function unknownAmong({ owner, gpu }: PolicyReadings): string | undefined {
  const { idleMs, isFullScreen, isOnAcPower } = owner;
  if (idleMs.kind === "unknown") return `Input cannot be seen: ${idleMs.why}`;
  if (isFullScreen.kind === "unknown") return `Full screen cannot be seen: ${isFullScreen.why}`;
  if (isOnAcPower.kind === "unknown") return `The power supply cannot be seen: ${isOnAcPower.why}`;
  if (gpu.isUsedByOthers === "unknown")
    return "The use of the GPU cannot be seen: install the driver's tools (nvidia-smi, rocm-smi).";
  return undefined;
}

function isKnown<T>(reading: Reading<T>, value: T): boolean {
  return reading.kind === "known" && reading.value === value;
}

/** How many times the usual wait: once for the first returns, then twice, then four times. */
function patience(returns: number): number {
  return returns < freeReturns ? 1 : returns < 2 * freeReturns ? 2 : 4;
}

function inWords(ms: number): string {
  const [count, unit] =
    ms < 60_000 ? [Math.round(ms / 1_000), "second"] : [Math.round(ms / 60_000), "minute"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
