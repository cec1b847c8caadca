import type { startOrchestrator } from "@muster/orchestrator";

type BeforeMetrics = NonNullable<Parameters<typeof startOrchestrator>[1]["beforeMetrics"]>;
type Metrics = Parameters<BeforeMetrics>[0];

/** What the bench asks of its orchestrator; each is answered with a number. */
export interface Asked {
  readonly kind: "metrics-on" | "metrics-off" | "watch" | "longest-block";
}

/** Lets what is counted through, or drops it. */
export function openGate(): { isOpen: boolean; readonly before: BeforeMetrics } {
  const gate = {
    isOpen: true,
    before: (metrics: Metrics): Metrics => ({
      requestEnded: (...of) => gate.isOpen && metrics.requestEnded(...of),
      queueWaited: (...of) => gate.isOpen && metrics.queueWaited(...of),
      firstToken: (...of) => gate.isOpen && metrics.firstToken(...of),
      interToken: (...of) => gate.isOpen && metrics.interToken(...of),
      tokensCame: (...of) => gate.isOpen && metrics.tokensCame(...of),
      tokensUsed: (...of) => gate.isOpen && metrics.tokensUsed(...of),
      attemptEnded: (...of) => gate.isOpen && metrics.attemptEnded(...of),
      attemptAnswered: (...of) => gate.isOpen && metrics.attemptAnswered(...of),
      retried: (...of) => gate.isOpen && metrics.retried(...of),
      placed: (...of) => gate.isOpen && metrics.placed(...of),
      givenBack: (...of) => gate.isOpen && metrics.givenBack(...of),
      lineAnswered: (...of) => gate.isOpen && metrics.lineAnswered(...of),
      resultFenced: (...of) => gate.isOpen && metrics.resultFenced(...of),
      batchEnded: (...of) => gate.isOpen && metrics.batchEnded(...of),
      quotaRefused: (...of) => gate.isOpen && metrics.quotaRefused(...of),
      loadEnded: (...of) => gate.isOpen && metrics.loadEnded(...of),
      coldStarted: (...of) => gate.isOpen && metrics.coldStarted(...of),
    }),
  };
  return gate;
}
