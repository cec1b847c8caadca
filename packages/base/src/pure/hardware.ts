export interface Gpu {
  readonly name: string;
  readonly vramBytes: number;
  readonly freeVramBytes: number;
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
}
