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
    }
  | { readonly kind: "unload"; readonly replicaId: string }
  | { readonly kind: "drain"; readonly reason: string };

/** The way to one connected worker. */
export interface WorkerLink {
  /** False once the link is closed or cannot keep up: the command was not sent. */
  send(command: WorkerCommand): boolean;
  /** Tells the worker that another has its place, for good; then closes. */
  supersede(): void;
  close(): void;
}
