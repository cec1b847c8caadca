import type { MachineLoad } from "@muster/base";

/** What one worker has drawn since this orchestrator knows it, and what it has answered with that. */
export interface Energy {
  readonly joules: number;
  /** Of those, while it worked for Muster. */
  readonly workingJoules: number;
  /** What it draws while it does not work for Muster, smoothed; undefined: never seen. */
  readonly idleWatts: number | undefined;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Tokens that were computed, not found in a cache, while its draw was known. */
  readonly measuredTokens: number;
  readonly lentMs: number;
  readonly last: Beat | undefined;
  /** It has answered something since the last beat: most answers begin and end between two. */
  readonly hasAnswered: boolean;
}

interface Beat {
  readonly atMs: number;
  /** Undefined: nothing there tells. */
  readonly watts: number | undefined;
  readonly isWorking: boolean;
  readonly isLent: boolean;
}

export const noEnergy: Energy = {
  ...{ joules: 0, workingJoules: 0, idleWatts: undefined },
  ...{ promptTokens: 0, completionTokens: 0, measuredTokens: 0 },
  ...{ lentMs: 0, last: undefined, hasAnswered: false },
};

/** How much the latest interval counts in what a worker draws when idle. */
const idleSmoothing = 0.1;
const joulesPerWattHour = 3_600;

/** What a machine draws, as far as anything there tells; undefined where nothing does. */
export function wattsOf(load: MachineLoad | undefined): number | undefined {
  const told = [load?.cpuWatts, ...(load?.gpus ?? []).map(({ watts }) => watts)].filter(
    (watts) => watts !== undefined,
  );
  return told.length === 0 ? undefined : told.reduce((sum, watts) => sum + watts, 0);
}

/** Which of a worker's parts tell what they draw. */
export function wattSources(load: MachineLoad | undefined): ("gpus" | "cpu")[] {
  const hasGpus = load?.gpus?.some(({ watts }) => watts !== undefined) ?? false;
  return [
    ...(hasGpus ? (["gpus"] as const) : []),
    ...(load?.cpuWatts === undefined ? [] : (["cpu"] as const)),
  ];
}

/**
 * Adds the time since the beat before, with the mean of both draws. A longer gap than `longestGapMs` is not counted:
 * nobody knows what happened in it.
 */
export function addBeat(energy: Energy, beat: Beat, longestGapMs: number): Energy {
  const { last } = energy;
  const next = { ...energy, last: beat, hasAnswered: false };
  const ms = last === undefined ? 0 : beat.atMs - last.atMs;
  if (last === undefined || ms <= 0 || ms > longestGapMs) return next;
  const isWorking = last.isWorking || beat.isWorking || energy.hasAnswered;
  const lentMs = energy.lentMs + (last.isLent && beat.isLent ? ms : 0);
  if (last.watts === undefined || beat.watts === undefined) return { ...next, lentMs };
  const watts = (last.watts + beat.watts) / 2;
  const joules = (watts * ms) / 1_000;
  const idleBefore = energy.idleWatts ?? watts;
  return {
    ...next,
    lentMs,
    joules: energy.joules + joules,
    workingJoules: energy.workingJoules + (isWorking ? joules : 0),
    idleWatts: isWorking ? energy.idleWatts : idleBefore + idleSmoothing * (watts - idleBefore),
  };
}

export interface TokenUse {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

/** Adds an answer. */
export function addTokens(energy: Energy, usage: TokenUse): Energy {
  const computed = Math.max(0, usage.promptTokens - usage.cachedTokens) + usage.completionTokens;
  return {
    ...energy,
    promptTokens: energy.promptTokens + usage.promptTokens,
    completionTokens: energy.completionTokens + usage.completionTokens,
    measuredTokens: energy.measuredTokens + (energy.last?.watts === undefined ? 0 : computed),
    hasAnswered: true,
  };
}

export function wattHours(joules: number): number {
  return joules / joulesPerWattHour;
}

/** Undefined before anything was measured. */
export function tokensPerWattHour(
  energy: Pick<Energy, "measuredTokens" | "workingJoules">,
): number | undefined {
  const { measuredTokens, workingJoules } = energy;
  return measuredTokens > 0 && workingJoules > 0 ? measuredTokens / wattHours(workingJoules) : undefined;
}

/** What the electricity for a million tokens costs, in the currency of the price. */
export function costPerMillionTokens(
  tokensPerWh: number | undefined,
  pricePerKwh: number | undefined,
): number | undefined {
  if (tokensPerWh === undefined || pricePerKwh === undefined) return undefined;
  return (1_000_000 / tokensPerWh / 1_000) * pricePerKwh;
}
