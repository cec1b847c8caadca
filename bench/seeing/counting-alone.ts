import { createPrometheusMetrics } from "@muster/orchestrator/testing";
import { median } from "../load.ts";

const rounds = 7;
const requests = 100_000;
const models = 20;
/** Of an answer that is streamed. */
const pieces = 5;

type Observed = Parameters<typeof createPrometheusMetrics>[0];

/** Processor time of all that is counted of one request with a streamed answer, in microseconds: nothing else runs. */
export function countingAlone(): number {
  // Nobody scrapes: nothing is looked at.
  const metrics = createPrometheusMetrics({} as Observed, {
    ...{ version: "", node: "", hasTenants: false, aliases: [], nowMs: () => 0 },
  });
  const usage = { promptTokens: 20, cachedTokens: 5, completionTokens: pieces };
  const end = { reason: "stop", usage, timings: { prefillMs: 12, decodeMs: 90 } } as const;
  const names = Array.from({ length: models }, (_none, at) => `m${at}`);
  const count = (model: string) => {
    const asked = { model, tenant: "default" };
    metrics.queueWaited(model, "interactive", 2);
    metrics.firstToken(model, 5);
    for (let piece = 1; piece < pieces; piece++) metrics.interToken(model, 20, 1);
    metrics.attemptEnded(model, "finished");
    metrics.attemptAnswered(model, end);
    metrics.tokensUsed(asked, usage);
    const ended = { endpoint: "chat_completions", laneClass: "interactive", outcome: "ok" } as const;
    metrics.requestEnded({ ...asked, ...ended, durationMs: 100 });
  };
  const took = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    for (let at = 0; at < requests; at++) count(names[at % models] ?? "");
    const { user, system } = process.cpuUsage(before);
    return (user + system) / requests;
  });
  metrics.close();
  return median(took);
}
