import type { SimAttempt, SimReplica } from "./replica.ts";
import type { Loading } from "./sim-state.ts";

/** What happens at a time: owners go and come back, people ask, batches arrive, loads and answers are done. */
export type SimEvent =
  | { readonly kind: "lent" | "back"; readonly desk: number }
  | { readonly kind: "person"; readonly index: number }
  | { readonly kind: "batch"; readonly index: number }
  | { readonly kind: "loaded"; readonly loading: Loading }
  | {
      readonly kind: "done";
      readonly replica: SimReplica;
      readonly version: number;
      readonly attempt: SimAttempt;
    }
  | { readonly kind: "plan" };
