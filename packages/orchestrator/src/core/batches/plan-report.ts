import type { LineError } from "./batch.ts";

/** What a batch would take, without running it. All but the counts of lines are estimates. */
export interface PlanReport {
  /** Good and bad ones; blank lines do not count. */
  readonly lines: number;
  /** The first of them. With any the batch would fail. */
  readonly errors: readonly LineError[];
  readonly errorCount: number;
  readonly models: readonly ModelPlan[];
  /** The models one after the other, as the workers that several of them share would run them. */
  readonly hours: number | undefined;
}

export interface ModelPlan {
  readonly model: string;
  readonly lines: number;
  readonly estimatedPromptTokens: number;
  /** The most that may be generated; lines that name no limit count with the room that their prompt leaves. */
  readonly maxCompletionTokens: number;
  /** Line numbers of the first lines that no replica has room for: their answers would be errors. */
  readonly tooLongLines: readonly number[];
  readonly tooLongCount: number;
  /** Those that serve the model now. */
  readonly workers: readonly { readonly name: string; readonly slots: number }[];
  /** Were every answer as long as it may be. Undefined where no worker that serves the model was ever measured. */
  readonly hours: number | undefined;
}
