import type { ErrorCode, InferenceRequest } from "@muster/base";
import type { AnswerEvent } from "../core/job.ts";
import type { TraceRef } from "../core/tracing/trace-context.ts";
import type { Payer } from "../core/usage/usage-row.ts";

export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param?: string;
  readonly retryAfterMs?: number;
}

export interface Handover {
  readonly request: InferenceRequest;
  /** The client gets the answer in one piece: until then it may be begun anew on another worker. */
  readonly isRestartable: boolean;
  /** Until its deadline, from when it was handed over: clocks of two machines differ. Undefined: it has none. */
  readonly leftMs?: number;
  /** Attempts that were made for it already, by runners that have put it back. */
  readonly attempts?: number;
  /** Undefined from an orchestrator of an older version. */
  readonly payer?: Payer | undefined;
  /** Undefined from an orchestrator of an older version. */
  readonly trace?: TraceRef | undefined;
}

export type BusMessage =
  /** Runner to home: give me the request, its turn has come. */
  | { readonly kind: "fetch"; readonly requestId: string; readonly runner: string }
  /** Home to runner: here it is; without `handover` its client is gone. */
  | { readonly kind: "request"; readonly requestId: string; readonly handover?: Handover }
  | { readonly kind: "event"; readonly requestId: string; readonly event: AnswerEvent }
  | { readonly kind: "error"; readonly requestId: string; readonly error: WireError }
  /** Runner to home: the attempt was lost, and another worker is being looked for. */
  | { readonly kind: "waiting"; readonly requestId: string }
  /** Runner to home: its model has left me and is elsewhere. Put it into its lane again. */
  | {
      readonly kind: "return";
      readonly requestId: string;
      readonly runner: string;
      readonly attempts: number;
    }
  /** Home to runner: nobody waits any more. */
  | { readonly kind: "cancel"; readonly requestId: string }
  /** From the bus itself: something that `from` has sent was lost on the way. */
  | { readonly kind: "gap"; readonly from: string };

/**
 * Carries requests and answers between the orchestrator that a client is connected to and the one that a worker is
 * connected to; the two are often the same. Nothing on it is ever stored.
 */
export interface TokenBus {
  /** This orchestrator's address. */
  readonly self: string;
  /**
   * Does not wait. Messages to one address arrive in order. They can be lost, when the store is away or that
   * orchestrator is gone; where later ones arrive, a `gap` comes before them.
   */
  send(to: string, message: BusMessage): void;
  /** Sets the one receiver. */
  listen(receive: (message: BusMessage) => void): void;
  close(): Promise<void>;
}
