import { printableText } from "@muster/base";
import type { ModelPlan, Worker } from "@muster/sdk";
import { workerWord } from "./worker-state.ts";

export function isIdle(worker: Worker): boolean {
  return workerWord(worker) === "idle";
}

/** Why nothing is loaded on workers that are idle, as far as placement tells. */
export function idleNotes(workers: readonly Worker[], plans: readonly ModelPlan[]): string[] {
  return workers
    .filter(isIdle)
    .flatMap((worker) => {
      const why = whyIdle(worker.name, plans);
      return why === undefined ? [] : [`${worker.name} is idle: ${why}`];
    })
    .map((note) => printableText(note).replace(/\s+/g, " "));
}

function whyIdle(name: string, plans: readonly ModelPlan[]): string | undefined {
  const fits = plans.flatMap((plan) => plan.fits.filter(({ worker }) => worker === name));
  const open = fits.filter(({ reason }) => reason.startsWith("ready"));
  if (open.length > 0)
    return `nobody asks for more. ${open.length} of ${plans.length} models would fit there.`;
  const [fit] = fits;
  if (fit !== undefined) return `${fit.reason}.`;
  const refusals = plans.flatMap((plan) =>
    plan.why_not.filter(({ worker }) => worker === name).map(({ reason }) => ({ model: plan.model, reason })),
  );
  const last = refusals.at(-1);
  return last && `no model fits there (${last.model}: ${last.reason}).`;
}
