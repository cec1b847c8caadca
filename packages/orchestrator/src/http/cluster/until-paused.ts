import { type Clock, MusterError, pause } from "@muster/base";
import type { WorkerView } from "../../core/fleet/worker.ts";

/** A worker says first of all that it is paused; one that has said nothing by then does not know how. */
const answerWithinMs = 5_000;
const lookEveryMs = 50;

/** Resolves when the worker says that it is paused. Throws `worker_lost` where it goes away, `unsupported` where it says nothing. */
export async function untilPaused(
  deps: {
    readonly fleet: { worker(id: string): WorkerView | undefined };
    readonly clock: Clock;
  },
  id: string,
): Promise<void> {
  const { fleet, clock } = deps;
  const { signal } = new AbortController();
  for (let waitedMs = 0; waitedMs < answerWithinMs; waitedMs += lookEveryMs) {
    const worker = fleet.worker(id);
    if (worker === undefined || worker.state === "lost")
      throw new MusterError(
        "worker_lost",
        `The worker "${worker?.name ?? id}" went away before it said that it is paused. It may be when it is back.`,
      );
    if (worker.availability.state === "paused") return;
    await pause(clock, lookEveryMs, signal);
  }
  const worker = fleet.worker(id);
  throw new MusterError(
    "unsupported",
    `The worker "${worker?.name ?? id}" was asked to pause and does not say that it has: its version (${worker?.version ?? "not known"}) may not know how. Update it, or have it leave: muster workers drain.`,
  );
}
