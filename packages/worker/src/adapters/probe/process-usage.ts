import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ProcessUsage } from "../../ports/process-usage.ts";

/** How often the event loop is looked at: each look wakes the process. */
const resolutionMs = 50;
const nanosecondsPerSecond = 1e9;

/** What this process takes. Ends with `close`. */
export function createProcessUsage(): ProcessUsage {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  return {
    read() {
      const { user, system } = process.cpuUsage();
      // What is measured is the time between two looks: what is beyond the resolution was late.
      const lateSeconds = delay.percentile(99) / nanosecondsPerSecond - resolutionMs / 1_000;
      delay.reset();
      return {
        residentBytes: process.memoryUsage.rss(),
        cpuSeconds: (user + system) / 1e6,
        eventLoopLagSeconds: Math.max(0, lateSeconds),
      };
    },
    close: () => delay.disable(),
  };
}
