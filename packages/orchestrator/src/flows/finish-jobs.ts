import type { Clock } from "@muster/base";
import type { FleetRegistry } from "./fleet-registry.ts";
import type { LaneControl } from "./lane-control.ts";
import type { JobRunner } from "./run-job.ts";

/** What workers get to stop what was cut off; one that does not is let go. */
const stopMs = 5_000;

/**
 * Takes no more jobs, and resolves when those that were taken have ended: by themselves within `graceMs` (they may be
 * for clients of another orchestrator), cut off after that, given up with their workers at the very end.
 */
export async function finishJobs(
  parts: {
    readonly lanes: LaneControl;
    readonly runner: JobRunner;
    readonly lines: { stop(): void; cutOff(): void };
    readonly fleet: FleetRegistry;
    readonly clock: Clock;
  },
  graceMs: number,
): Promise<void> {
  const { lanes, runner, lines, fleet, clock } = parts;
  lines.stop();
  const stopCutting = clock.after(graceMs, () => {
    runner.cutOff();
    lines.cutOff();
  });
  const stopLetting = clock.after(graceMs + stopMs, () =>
    fleet.closeAll("the orchestrator is shutting down"),
  );
  await lanes.close();
  stopCutting();
  stopLetting();
}
