export interface Gpu {
  readonly name: string;
  readonly vramBytes: number;
  readonly freeVramBytes: number;
  /** Names it for good, where the driver tells. */
  readonly uuid?: string | undefined;
  readonly driverVersion?: string | undefined;
  /** Its memory is the machine's main memory. */
  readonly isUnified?: boolean | undefined;
  /** Of its memory: measured, or from a table of known cards. */
  readonly bytesPerSecond?: number | undefined;
}

/** What a machine can lend, as its probe found it. */
export interface Hardware {
  readonly hostname: string;
  readonly platform: string;
  readonly arch: string;
  readonly cpuModel: string;
  readonly physicalCores: number;
  readonly logicalCores: number;
  readonly ramBytes: number;
  readonly freeRamBytes: number;
  /** The compute backend that the engine found: `cuda`, `vulkan`, `metal` or `cpu`. */
  readonly backend: string;
  readonly gpus: readonly Gpu[];
  /** Of main memory, measured. */
  readonly ramBytesPerSecond?: number | undefined;
}

/** A GPU at one moment. Undefined: its driver does not tell. */
export interface GpuLoad {
  readonly freeVramBytes: number;
  /** Taken by programs other than Muster. */
  readonly othersBytes: number | undefined;
  /** What Muster may have in all, with what it has now: the memory of other programs is left to them. */
  readonly offeredBytes: number;
  /** Share of the time that it works, 0 to 1. */
  readonly utilization: number | undefined;
  readonly temperatureCelsius: number | undefined;
  readonly watts: number | undefined;
}

/** A machine at one moment. */
export interface MachineLoad {
  readonly freeRamBytes: number;
  /** Share of all cores in use since the last reading, 0 to 1. */
  readonly cpuLoad: number;
  /** As `GpuLoad.offeredBytes`, of main memory. Undefined: not said. */
  readonly offeredRamBytes?: number | undefined;
  /** In the order of `Hardware.gpus`; empty where nothing is known now. */
  readonly gpus?: readonly GpuLoad[] | undefined;
  /** Of all processors together. Undefined: the system does not tell. */
  readonly cpuWatts?: number | undefined;
  /** Of the worker's own process. Undefined: it has not said. */
  readonly process?: ProcessStats | undefined;
}

/** What a worker's process takes, and what it has done since it began: sums begin at 0 with it. */
export interface ProcessStats {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  /** 99th percentile of late timers since the last beat. */
  readonly eventLoopLagSeconds: number;
  readonly engineCrashes: number;
  /** Evaluated: those that were in a cache are left out. */
  readonly promptTokens: number;
  readonly generationTokens: number;
  readonly prefillSeconds: number;
  readonly decodeSeconds: number;
}

/** Whether a machine is lent now; anything but `lending` says why not. */
export const lendingStates = [
  "lending",
  "owner_here",
  "off_schedule",
  "paused",
  "gpu_busy",
  "on_battery",
  "memory_needed",
  "unknown",
] as const;
export type LendingState = (typeof lendingStates)[number];

export function isLendingState(text: string): text is LendingState {
  return (lendingStates as readonly string[]).includes(text);
}

/** When a machine is lent: all the time, in named hours, or while its owner is away. */
export const lendingPolicies = ["always", "schedule", "owner-away"] as const;
export type LendingPolicy = (typeof lendingPolicies)[number];

export interface Availability {
  readonly state: LendingState;
  /** For people. */
  readonly reason: string;
  readonly policy: LendingPolicy;
}

/** One model file on a worker's disk. */
export interface StoredFile {
  /** As `formatModelUri` writes it. */
  readonly uri: string;
  readonly bytes: number;
  /** Hex; undefined where nobody vouches for it. */
  readonly sha256: string | undefined;
  /** Unix time. */
  readonly lastUsedMs?: number | undefined;
}

/** A model file on its way to a worker's disk because it was told to get it. */
export interface FetchingFile {
  readonly uri: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  /** Why it has failed, for people; undefined while it goes on. */
  readonly problem: string | undefined;
}

/** What is on a worker's disk. */
export interface Inventory {
  readonly models: readonly StoredFile[];
  readonly freeDiskBytes: number;
  /** What model files may take in all; undefined: no limit but the disk's. */
  readonly budgetBytes: number | undefined;
  /** Those of late that failed are among them. */
  readonly fetching?: readonly FetchingFile[] | undefined;
}
