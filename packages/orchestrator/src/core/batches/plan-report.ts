import type { LineError } from "./batch.ts";

/** What a batch would take, without running it. All but the counts of lines are estimates. */
export interface PlanReport {
  /** Good and bad ones; blank lines do not count. */
  readonly lines: number;
  /** The first of them. With any the batch would fail. */
  readonly errors: readonly LineError[];
  readonly errorCount: number;
  readonly models: readonly ModelPlan[];
  /** Models that share a worker take turns. Undefined where it is so for one of them. */
  readonly hours: number | undefined;
}

export interface ModelPlan {
  readonly model: string;
  readonly lines: number;
  readonly estimatedPromptTokens: number;
  /** The most that may be generated; lines that set no limit count with the room that their prompt leaves. */
  readonly maxCompletionTokens: number;
  /**
   * Numbers of the first lines whose prompt, with the answer that they ask for, does not fit into the context of the
   * smallest replica: such a line is answered with an error, or its answer is cut short.
   */
  readonly tooLongLines: readonly number[];
  readonly tooLongCount: number;
  /** Those that serve the model now and are connected here. */
  readonly workers: readonly { readonly name: string; readonly slots: number }[];
  /**
   * If the fleet did nothing else, and answers were as long as their lines allow; 256 tokens where they set no limit.
   * Undefined where no worker's speed is known.
   */
  readonly hours: number | undefined;
}
