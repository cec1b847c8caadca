import type { Waits } from "./waits.ts";

export interface SimResult {
  /** Tokens of answers, by model, with what is half done at the end. */
  readonly tokens: readonly number[];
  /** Tokens that were written and thrown away. */
  readonly wastedTokens: number;
  readonly loads: number;
  /** Loads onto a worker that had been lent already when the last plan was made: not the first after its owner left. */
  readonly moves: number;
  readonly lentHours: number;
  readonly people: Waits;
  readonly lines: Waits;
  readonly peopleLeftWaiting: number;
  readonly mostRunningOverSlots: number;
}
