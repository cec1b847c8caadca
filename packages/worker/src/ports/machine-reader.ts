/** Memory and energy of a machine at one moment. Undefined: the system does not tell. */
export interface MachineReading {
  /** What programs could get without swapping, within the limits of this container. */
  readonly availableRamBytes: number;
  /** Memory of Muster's own processes that is not counted as available: model files that were mapped are. */
  readonly oursRamBytes: number | undefined;
  /** The processes that were asked about, with those that they have started. */
  readonly pids: readonly number[];
  /** Of all processors since the reading before. */
  readonly cpuWatts: number | undefined;
}

/** Reads what is left of this machine, and what Muster's processes take of it. */
export interface MachineReader {
  /** Never rejects. */
  read(pids: readonly number[]): Promise<MachineReading>;
}
