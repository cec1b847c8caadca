import { HistorySteps, type Steps } from "../../core/live/history-steps.ts";
import { historyKept } from "../../core/live/resolutions.ts";
import type { HistoryStore } from "../../ports/history.ts";
import type { SampleSpans } from "./history-keeper.ts";

/** Steps that are this much longer than a coarse sample are as good of coarse ones. */
const coarseEnough = 3;
/** A sample that ends after the span may reach into it. */
const overlapOf = { fine: 2, coarse: 1.5 } as const;

export interface HistorySpan {
  readonly sinceMs: number;
  readonly untilMs: number;
  /** About so many steps. */
  readonly points: number;
}

/**
 * What was so in a span, in steps. Of the last day by fine samples; of longer by coarse ones, and by fine ones since the
 * last of those.
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
  const coarseUntilMs = new Map<string, number>();
  let fineSinceMs = beginMs;
  if (!isRecent || stepMs >= coarseEnough * spans.coarse) {
    const reachMs = untilMs + overlapOf.coarse * spans.coarse;
    for await (const page of store.read("coarse", { sinceMs: beginMs, untilMs: reachMs }))
      for (const { orchestrator, endMs, sample } of page) {
        steps.add(orchestrator, endMs, sample);
        coarseUntilMs.set(orchestrator, endMs);
      }
    // One that has written no coarse sample yet began less than one ago.
    fineSinceMs = Math.max(beginMs, untilMs - overlapOf.coarse * spans.coarse);
  }
  const reachMs = untilMs + overlapOf.fine * spans.fine;
  // The middle of the sample tells which of the two counts it: their ends differ by a moment.
  for await (const page of store.read("fine", { sinceMs: fineSinceMs, untilMs: reachMs }))
    for (const { orchestrator, endMs, sample } of page)
      if (endMs - sample.ms / 2 > (coarseUntilMs.get(orchestrator) ?? 0))
        steps.add(orchestrator, endMs, sample);
  return steps.result();
}
