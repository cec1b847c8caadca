import type { PlacementDevice, PlacementVariant } from "./fleet-state.ts";

/** A replica as it could be loaded, and what it takes. */
export interface Shape {
  readonly variant: PlacementVariant;
  /** 0: the variant of the best quality. */
  readonly rank: number;
  readonly device: PlacementDevice;
  readonly gpuLayers: number | undefined;
  readonly slots: number;
  readonly contextTokens: number;
  readonly vramBytes: number;
  readonly ramBytes: number;
}
