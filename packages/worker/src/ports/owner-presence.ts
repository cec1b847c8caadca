import type { GpuReading, OwnerReadings } from "../core/idle-policy.ts";

export interface PresenceReadings extends OwnerReadings {
  /** Only where readings are scripted; otherwise the GPUs are asked by somebody else. */
  readonly gpu?: GpuReading;
}

/** Looks whether the machine's owner is there. */
export interface OwnerPresence {
  /** Looks once; takes about two seconds at worst. Never rejects: what cannot be seen is unknown. */
  look(): Promise<PresenceReadings>;
  /** Ends what it has started. */
  close(): Promise<void>;
}
