import type { InferenceRequest } from "@muster/base";

export type WorkerCommand =
  | {
      readonly kind: "assign";
      readonly attemptId: string;
      readonly epoch: number;
      readonly replicaId: string;
      readonly request: InferenceRequest;
      /** The answer is to come with its end. */
      readonly isWhole: boolean;
      /** Goes back with its end. */
      readonly ticket?: string | undefined;
      /** Of the request, for the worker's log lines. */
      readonly traceId?: string | undefined;
    }
  | { readonly kind: "cancel"; readonly attemptId: string; readonly epoch: number }
  | {
      readonly kind: "ack-end";
      readonly attemptId: string;
      readonly epoch: number;
      /** Of an answer that came whole: such acknowledgements may be put together. */
      readonly isWhole: boolean;
    }
  | {
      readonly kind: "load";
      readonly replicaId: string;
      readonly modelUri: string;
      readonly model: string | undefined;
      readonly slots: number | undefined;
      readonly contextTokens: number | undefined;
      /** Of the catalogue; the replica reports it back. */
      readonly variant?: string | undefined;
      /** Where the catalogue knows it: a file that differs is not loaded. */
      readonly sha256?: string | undefined;
      readonly bytes?: number | undefined;
      /** Layers on the GPU; undefined: all that fit. */
      readonly gpuLayers?: number | undefined;
      readonly isCpuOnly?: boolean | undefined;
      readonly projectorUri?: string | undefined;
    }
  | {
      /** Onto the worker's disk, without loading it. */
      readonly kind: "fetch";
      readonly modelUri: string;
      readonly sha256: string | undefined;
      readonly bytes: number | undefined;
    }
  /** Off the worker's disk, unless it is loaded. */
  | { readonly kind: "forget"; readonly modelUri: string }
  | { readonly kind: "unload"; readonly replicaId: string }
  | { readonly kind: "drain"; readonly reason: string }
  /** Not lent for so long (0: until told otherwise), or by the worker's own policy again. */
  | { readonly kind: "lend"; readonly isPaused: boolean; readonly seconds: number; readonly reason: string };

/** The way to one connected worker. */
export interface WorkerLink {
  /** False once the link is closed or cannot keep up: the command was not sent. */
  send(command: WorkerCommand): boolean;
  /** Tells the worker that another has its place, for good; then closes. */
  supersede(): void;
  close(): void;
}
