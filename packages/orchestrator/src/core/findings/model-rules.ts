import type { ClusterFacts, ModelFact } from "./facts.ts";
import type { Found } from "./finding.ts";

const graceMs = { requests: 15_000, lines: 600_000, pins: 60_000 } as const;
/** Waits are told in these steps: a number that grows by the second is no news. */
const waitSteps = [30, 60, 120, 300, 600, 1_800, 3_600] as const;
/** Loading takes minutes where the file has to be fetched. */
const loadWaitSeconds = 600;

/** Somebody waits for a model that nobody serves, and nobody is going to. */
export function unservedModels({ models }: ClusterFacts): Found[] {
  return models.flatMap((fact): Found[] => {
    const { model, waiting, linesLeft, slots, comingUp } = fact;
    if (slots > 0 || comingUp !== undefined || waiting + linesLeft === 0) return [];
    const why = fact.unmetBecause === undefined ? "no worker has it" : withoutStop(fact.unmetBecause);
    const who = waiting > 0 ? "requests" : "lines of batches";
    return [
      {
        id: `no_worker_for_model:${model}`,
        // Lines may well wait for machines until their owners have gone.
        severity: waiting > 0 ? "problem" : "note",
        says: `Nobody serves ${model}, and ${who} wait for it: ${why}.`,
        fix: `See what each machine could load with "muster models plan ${model}", and lend a machine that is large enough.`,
        graceMs: waiting > 0 ? graceMs.requests : graceMs.lines,
      },
    ];
  });
}

/** Requests wait for longer than anybody likes to. */
export function longWaits({ models }: ClusterFacts): Found[] {
  return models.flatMap((fact): Found[] => {
    const { model, waiting, oldestWaitMs, slots, comingUp } = fact;
    const isComing = slots === 0 && comingUp !== undefined;
    if (waiting === 0 || (slots === 0 && !isComing)) return [];
    const seconds = oldestWaitMs / 1_000;
    const step = waitSteps.findLast((each) => each <= seconds);
    if (step === undefined || (isComing && step < loadWaitSeconds)) return [];
    return [
      {
        id: `long_wait:${model}`,
        severity: "warning",
        says: isComing
          ? `Requests have waited for ${model} for more than ${spanText(step)}, and it is still being made ready.`
          : `Requests for ${model} wait for more than ${spanText(step)}: ${waitingWhy(fact)}.`,
        fix: isComing
          ? 'See how far its worker is: "muster workers".'
          : `Lend more machines, or have more replicas of it: "muster models pin ${model} --replicas N".`,
        graceMs: 0,
      },
    ];
  });
}

/** An administrator has asked for so many replicas, and there are fewer. */
export function missingPins({ pins, workersEverywhere }: ClusterFacts): Found[] {
  // Without workers that is what there is to say.
  if (workersEverywhere === 0) return [];
  return pins
    .filter(({ wanted, there }) => there < wanted)
    .map(({ model, wanted, there, unmetBecause }) => ({
      id: `pin_unmet:${model}`,
      severity: "warning",
      says: `${model} is pinned to ${wanted} replicas, and has ${there}${
        unmetBecause === undefined ? "" : `: ${withoutStop(unmetBecause)}`
      }.`,
      fix: `Lend a machine that can hold it, or pin fewer: "muster models pin ${model} --replicas N".`,
      graceMs: graceMs.pins,
    }));
}

function waitingWhy({ slots, unmetBecause }: ModelFact): string {
  if (unmetBecause !== undefined) return withoutStop(unmetBecause);
  return slots === 1 ? "its only slot is taken" : `all of its ${slots} slots are taken`;
}

function spanText(seconds: number): string {
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = seconds / 60;
  return minutes === 1 ? "a minute" : minutes === 60 ? "an hour" : `${minutes} minutes`;
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, "");
}
