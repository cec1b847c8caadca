import type { Hardware } from "@muster/base";

/** Looks at the machine: what could be lent, and what is free now. */
export interface HardwareProbe {
  /** Slow (it may start a process that asks the GPU driver); never fails: what cannot be asked is left out. */
  probe(): Promise<Hardware>;
}
