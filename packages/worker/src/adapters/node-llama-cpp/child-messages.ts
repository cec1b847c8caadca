import type { ErrorCode, GenerateRequest, InferenceEvent, InferenceRequest } from "@muster/base";
import type { EngineLoadSpec, ReplicaInfo } from "../../ports/engine.ts";

/** Parent to child, as JSON over the IPC channel. `load` comes first and once; ids are the parent's. */
export type ParentMessage =
  | { readonly kind: "load"; readonly spec: ChildLoadSpec }
  | { readonly kind: "infer"; readonly id: number; readonly request: ChildRequest }
  | { readonly kind: "cancel"; readonly id: number };

/** Child to parent. Every `infer` gets exactly one `end` or `failed`, also after a `cancel`. */
export type ChildMessage =
  | { readonly kind: "progress"; readonly fraction: number }
  | { readonly kind: "loaded"; readonly info: ReplicaInfo }
  | { readonly kind: "load-failed"; readonly failure: Failure }
  | { readonly kind: "answers"; readonly items: readonly AnswerItem[] };

/** What happened to the answer `id`: several answers share one message. */
export type AnswerItem =
  | { readonly id: number; readonly event: InferenceEvent }
  | { readonly id: number; readonly failure: Failure };

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param?: string;
}

/** JSON has no `undefined`: what is not given is absent. */
export type ChildLoadSpec = WithAbsent<EngineLoadSpec> & {
  /** The engine compiled for this processor, where there is one. */
  readonly addonPath?: string;
};
export type ChildGenerateRequest = WithAbsent<GenerateRequest>;
export type ChildRequest = ChildGenerateRequest | Exclude<InferenceRequest, GenerateRequest>;

type WithAbsent<T> = {
  readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & { readonly [K in keyof T as undefined extends T[K] ? K : never]?: T[K] };
