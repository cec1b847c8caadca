import type { ProcessStats } from "@muster/base";

/** What this process takes, as its system tells. */
export interface ProcessUsage {
  /** `eventLoopLagSeconds` is of the time since the last call. */
  read(): Pick<ProcessStats, "residentBytes" | "cpuSeconds" | "eventLoopLagSeconds">;
  close(): void;
}
