export type GpuMaker = "nvidia" | "amd" | "intel" | "apple";

/** A program that has memory on a GPU. */
export interface GpuProcess {
  readonly pid: number;
  /** Undefined: the driver names the program and keeps its memory to itself. */
  readonly bytes: number | undefined;
  readonly name: string | undefined;
}

/** A GPU at one moment, as its driver tells. Undefined is what it does not tell: never 0, never a guess. */
export interface GpuReading {
  readonly maker: GpuMaker | undefined;
  readonly name: string | undefined;
  readonly uuid: string | undefined;
  readonly driverVersion: string | undefined;
  readonly totalBytes: number | undefined;
  readonly freeBytes: number | undefined;
  readonly usedBytes: number | undefined;
  /** Those that the driver tells of, Muster's own included; undefined: it tells of none. May be a part of them. */
  readonly processes: readonly GpuProcess[] | undefined;
  /** Share of the time that it works, 0 to 1. */
  readonly utilization: number | undefined;
  readonly temperatureCelsius: number | undefined;
  readonly watts: number | undefined;
  readonly limitWatts: number | undefined;
}

/** Reads the GPUs of this machine while other programs use them. */
export interface GpuTelemetry {
  /**
   * What is known now, in the driver's order; a GPU that nothing is known of is left out. Never rejects.
   * @param ownPids processes whose memory is asked for where asking for everybody's costs too much
   */
  read(ownPids?: readonly number[]): Promise<readonly GpuReading[]>;
  close(): Promise<void>;
}
