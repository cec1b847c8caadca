/** What one step evaluated, and how long it took. */
export interface StepTime {
  readonly decoders: number;
  readonly promptTokens: number;
  readonly ms: number;
}

/** Shares time between answers that run and prompts that are read: half for each, on any machine. */
export interface PrefillPace {
  /** How many prompt tokens the next step may take along with those that decode. */
  nextTokens(): number;
  note(step: StepTime): void;
}

/** Prompts read in pieces smaller than this take much longer as a whole. */
const minTokens = 16;
/** How much longer than twice its usual time a step may take: larger pieces are read faster, and make longer gaps. */
const extraMs = 100;
/** A step that the machine held up must not keep prompts out for long. */
const maxOwedSteps = 8;
/** The weight of the latest step in what is expected of the next. */
const latest = 0.3;

/**
 * Time spent on prompts is owed to those that decode, who get it back in steps of their own before the next piece is
 * read.
 */
export function createPrefillPace(maxTokens: number): PrefillPace {
  let decodeMs: number | undefined;
  let tokenMs: number | undefined;
  let owedMs = 0;
  return {
    nextTokens() {
      // Without a step of their own nobody knows how fast they are.
      if (decodeMs === undefined || owedMs > 0) return 0;
      if (tokenMs === undefined) return Math.min(minTokens, maxTokens);
      const wanted = Math.floor((decodeMs + extraMs) / Math.max(tokenMs, Number.MIN_VALUE));
      return Math.min(maxTokens, Math.max(minTokens, wanted));
    },
    note({ decoders, promptTokens, ms }) {
      if (promptTokens === 0) {
        decodeMs = blend(decodeMs, ms);
        owedMs = Math.max(0, owedMs - ms);
        return;
      }
      const decoded = decoders === 0 ? 0 : Math.min(decodeMs ?? 0, ms);
      tokenMs = blend(tokenMs, (ms - decoded) / promptTokens);
      // The step served both: what it took for the prompts, less its share for those that decode.
      owedMs = decoders === 0 ? 0 : Math.min(Math.max(0, ms - 2 * decoded), maxOwedSteps * decoded);
    },
  };
}

function blend(before: number | undefined, now: number): number {
  return before === undefined ? now : before + latest * (now - before);
}
