import { wattHours, wattsOf } from "../../core/fleet/energy.ts";
import type { WorkerView } from "../../core/fleet/worker.ts";
import type { UsageCounts, UsageOwner } from "../../core/usage/usage-row.ts";
import type { AttemptWork } from "../attempt-table.ts";

/**
 * What an attempt that ends now has taken of its worker: its time, and its share of what the worker draws, where that
 * is known: what runs there at the end shares it evenly.
 */
export function workOf(
  { model, payer, ms }: AttemptWork,
  worker: WorkerView | undefined,
): [UsageOwner, Pick<UsageCounts, "workerSeconds" | "wattHours">] {
  const workerSeconds = ms / 1_000;
  const watts = wattsOf(worker?.load) ?? 0;
  const running = (worker?.replicas ?? []).reduce((sum, { slotsUsed }) => sum + slotsUsed, 0);
  return [
    { ...payer, model },
    { workerSeconds, wattHours: wattHours((watts * workerSeconds) / Math.max(1, running)) },
  ];
}
