import { HistorySteps, type Steps } from "../../core/live/history-steps.ts";
import { historyKept, type Resolution, type SampleSpans } from "../../core/live/resolutions.ts";
import type { HistoryStore } from "../../ports/history.ts";

/** Steps that are this many times as long as a sample are as good of it. */
const enoughOf = { middle: 1, coarse: 3 } as const;
/** A sample that ends after the span may reach into it. */
const overlapOf = { fine: 2, middle: 1.5, coarse: 1.5 } as const;

export interface HistorySpan {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** About so many steps. */
  readonly points: number;
}

/**
 * What was so in a span, in steps: of the coarsest samples that are good enough for them or reach back so far, and of
 * finer ones since the last of those.
 */
export async function readHistory(
  deps: { readonly store: HistoryStore; readonly spans: SampleSpans; readonly wallMs: () => number },
  { sinceMs, untilMs, points }: HistorySpan,
): Promise<Steps> {
  const { store, spans } = deps;
  const stepMs = spans.fine * Math.max(1, Math.ceil((untilMs - sinceMs) / points / spans.fine));
  // Asked again a moment later, steps begin where they did.
  const beginMs = Math.floor(sinceMs / stepMs) * stepMs;
  const count = Math.max(1, Math.ceil((untilMs - beginMs) / stepMs));
  const steps = new HistorySteps({ sinceMs: beginMs, stepMs, count });
  const isRecent = beginMs >= deps.wallMs() - historyKept.fine.keptMs - stepMs;
  const isEnough = (resolution: "middle" | "coarse") => stepMs >= enoughOf[resolution] * spans[resolution];
  const read: Resolution[] = ["fine"];
  if (isEnough("middle")) read.unshift("middle");
  if (!isRecent || isEnough("coarse")) read.unshift("coarse");

  /** By orchestrator: what is known of it ends there. */
  const knownUntilMs = new Map<string, number>();
  let fromMs = beginMs;
  for (const resolution of read) {
    const beforeMs = new Map(knownUntilMs);
    const overlapMs = overlapOf[resolution] * spans[resolution];
    for await (const page of store.read(resolution, { sinceMs: fromMs, untilMs: untilMs + overlapMs }))
      for (const { orchestrator, endMs, sample } of page) {
        // The middle of the sample tells which of two counts it: their ends differ by a moment.
        if (endMs - sample.ms / 2 <= (beforeMs.get(orchestrator) ?? 0)) continue;
        steps.add(orchestrator, endMs, sample);
        knownUntilMs.set(orchestrator, endMs);
      }
    // One that has written no such sample yet began less than one ago.
    fromMs = Math.max(beginMs, untilMs - overlapMs);
  }
  return inPieces(steps.result());
}

/** Others get their turn after each piece. */
async function inPieces<Result>(work: Iterator<void, Result>): Promise<Result> {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
