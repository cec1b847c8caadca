import type { Capability, InferenceRequest } from "@muster/base";
import type { LaneClass } from "../../core/lane.ts";
import type { Target } from "./target.ts";

/** What an HTTP request asks the fleet for. */
export interface Asked {
  readonly requestId: string;
  readonly target: Target;
  readonly laneClass: LaneClass;
  /** One for each choice or part; they differ in content and seed, not in what a replica must be able to do. */
  readonly requests: readonly InferenceRequest[];
  readonly isStreamed: boolean;
  readonly params?: Partial<Record<Capability, string>> | undefined;
}
