import type { Capability, GenerateUsage, InferenceDelta, MusterError } from "@muster/base";
import type { AnswerSource } from "../../core/job.ts";
import type { AnswerEnd } from "./collect.ts";
import type { GatheredAnswer } from "./gather.ts";

/** One server-sent event: its data, and the `event:` line of the APIs that have one. */
export interface StreamEvent {
  readonly event?: string;
  readonly data: unknown;
}

/** How one API words a stream. One object for each response: it may keep what it has said. */
export interface StreamWording {
  /** The choice has its first output, and so its final worker. */
  open(choice: number, source: AnswerSource): readonly StreamEvent[];
  delta(choice: number, delta: InferenceDelta): readonly StreamEvent[];
  end(choice: number, end: AnswerEnd): readonly StreamEvent[];
  /** Every choice has ended; their usages, in their order. */
  finish(usages: readonly GenerateUsage[]): readonly StreamEvent[];
  /** A failure that came too late for a status. */
  failure(error: MusterError): readonly StreamEvent[];
  /** A last line of data that is no JSON: OpenAI's `[DONE]`. Not sent after a failure. */
  readonly marker?: string;
}

/** How one endpoint words what came out. */
export interface Wording {
  /** The label of its metrics. */
  readonly endpoint: string;
  /** The field that asks for what a model may not be able to do, where it is not that of chat completions. */
  readonly params?: Partial<Record<Capability, string>>;
  complete(answers: readonly GatheredAnswer[]): unknown;
  stream(): StreamWording;
}
