import type { BatchEndpoint, BatchPlan } from "@muster/sdk";

/** An input that looks good from here. */
export interface ReadyInput {
  readonly file: Blob;
  readonly name: string;
  readonly endpoint: BatchEndpoint;
  /** What lists call its batch where nobody gives it a name. */
  readonly title: string;
}

/** How far the estimate is. */
export type PlanState =
  | { readonly kind: "planning" }
  | { readonly kind: "planned"; readonly plan: BatchPlan }
  | { readonly kind: "failed"; readonly error: unknown };
