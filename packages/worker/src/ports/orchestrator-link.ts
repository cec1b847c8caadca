import type { ErrorCode } from "@muster/base";
import type { OrchestratorSays, Welcome, WorkerHello, WorkerSays } from "../core/link-messages.ts";

export type LinkEnd =
  /** The network or the orchestrator went away: dial again. */
  | { readonly kind: "lost"; readonly reason: string }
  /** The orchestrator does not want this worker: dialling again changes nothing unless `isRetryable`. */
  | {
      readonly kind: "refused";
      readonly code: ErrorCode;
      readonly message: string;
      readonly isRetryable: boolean;
    };

/** One accepted stream. */
export interface LinkSession {
  readonly welcome: Welcome;
  /** Settles once, when the stream is over. Never rejects. */
  readonly ended: Promise<LinkEnd>;
  /** Sends without waiting. False: no room, wait for `writable` before sending more; after the end it does nothing. */
  send(message: WorkerSays): boolean;
  /** Resolves when there is room again, or the stream is over. */
  writable(): Promise<void>;
  /** Ends the stream; what was sent before is still delivered. */
  close(): void;
  /** Ends the stream at once: the other side does not answer. */
  abandon(): void;
}

export type DialResult = { readonly kind: "accepted"; readonly session: LinkSession } | LinkEnd;

/** The way to the orchestrator: one outbound stream. */
export interface OrchestratorLink {
  /**
   * Dials once. `receive` gets what comes after the welcome, in order. `signal` gives up a dial that nobody has answered
   * yet. Never rejects.
   */
  dial(
    hello: WorkerHello,
    receive: (message: OrchestratorSays) => void,
    signal?: AbortSignal,
  ): Promise<DialResult>;
}
