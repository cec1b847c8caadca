import type { Registry } from "prom-client";
import { queueMetrics, requestMetrics } from "../../core/metrics/definitions.ts";
import { type AskedFor, type Metrics, outcomeOfStatus } from "../../ports/metrics.ts";
import { quotaLimits } from "../../ports/quota.ts";
import { CounterFamily, HistogramFamily } from "./families.ts";

/** Tenants that have series of their own; more count as `other`. */
const maxTenants = 200;

export type RequestFamilies = ReturnType<typeof createRequestFamilies>;

/** What is counted and timed of requests as they happen. */
export function createRequestFamilies(registry: Registry, options: { readonly hasTenants: boolean }) {
  const families = {
    requests: new CounterFamily(registry, requestMetrics.requests),
    duration: new HistogramFamily(registry, requestMetrics.requestDuration),
    queueWait: new HistogramFamily(registry, requestMetrics.queueWait),
    firstToken: new HistogramFamily(registry, requestMetrics.firstToken),
    interToken: new HistogramFamily(registry, requestMetrics.interToken),
    prefillRate: new HistogramFamily(registry, requestMetrics.prefillRate),
    decodeRate: new HistogramFamily(registry, requestMetrics.decodeRate),
    requestPromptTokens: new HistogramFamily(registry, requestMetrics.requestPromptTokens),
    requestGenerationTokens: new HistogramFamily(registry, requestMetrics.requestGenerationTokens),
    promptTokens: new CounterFamily(registry, requestMetrics.promptTokens),
    cachedTokens: new CounterFamily(registry, requestMetrics.cachedTokens),
    generationTokens: new CounterFamily(registry, requestMetrics.generationTokens),
    answers: new CounterFamily(registry, requestMetrics.answers),
    quotaRefusals: new CounterFamily(registry, requestMetrics.quotaRefusals),
  };
  const tenants = options.hasTenants
    ? {
        requests: new CounterFamily(registry, requestMetrics.tenantRequests),
        tokens: new CounterFamily(registry, requestMetrics.tenantTokens),
      }
    : undefined;
  for (const limit of quotaLimits) families.quotaRefusals.add(0, limit);
  return { ...families, tenants };
}

/** Gives a tenant its own name while there is room. */
function createTenantNames(): (tenant: string) => string {
  const known = new Set<string>();
  return (tenant) => {
    if (known.has(tenant)) return tenant;
    if (known.size >= maxTenants) return "other";
    known.add(tenant);
    return tenant;
  };
}

/** A line of a batch, as it counts among requests. */
type EndedLine = Pick<Parameters<Metrics["lineAnswered"]>[0], "model" | "tenant" | "endpoint" | "status">;

type RequestCounts = Pick<
  Metrics,
  | "requestEnded"
  | "queueWaited"
  | "firstToken"
  | "interToken"
  | "tokensUsed"
  | "attemptAnswered"
  | "quotaRefused"
>;

export function countRequests(
  families: RequestFamilies,
): RequestCounts & { lineEnded(line: EndedLine): void } {
  const { tenants } = families;
  const nameOf = createTenantNames();
  return {
    requestEnded({ model, endpoint, laneClass, outcome, durationMs, tenant }) {
      families.requests.add(1, model, endpoint, laneClass, outcome);
      families.duration.observe(durationMs / 1_000, model, endpoint);
      tenants?.requests.add(1, nameOf(tenant), outcome);
    },
    lineEnded({ model, endpoint, status, tenant }) {
      const outcome = outcomeOfStatus(status);
      families.requests.add(1, model, endpoint, "batch", outcome);
      tenants?.requests.add(1, nameOf(tenant), outcome);
    },
    queueWaited: (model, laneClass, waitMs) => families.queueWait.observe(waitMs / 1_000, model, laneClass),
    firstToken: (model, sinceAcceptedMs) => families.firstToken.observe(sinceAcceptedMs / 1_000, model),
    interToken: (model, perTokenMs, tokens) =>
      families.interToken.observeTimes(tokens, perTokenMs / 1_000, model),
    tokensUsed(asked: AskedFor, usage) {
      const { model } = asked;
      const { promptTokens, cachedTokens, completionTokens } = usage;
      families.promptTokens.add(promptTokens, model);
      families.cachedTokens.add(cachedTokens, model);
      families.generationTokens.add(completionTokens, model);
      if (promptTokens > 0) families.requestPromptTokens.observe(promptTokens, model);
      if (completionTokens > 0) families.requestGenerationTokens.observe(completionTokens, model);
      if (tenants === undefined) return;
      const tenant = nameOf(asked.tenant);
      tenants.tokens.add(promptTokens, tenant, "prompt");
      tenants.tokens.add(cachedTokens, tenant, "cached");
      tenants.tokens.add(completionTokens, tenant, "generation");
    },
    attemptAnswered(model, { reason, usage, timings }) {
      families.answers.add(1, model, reason);
      const evaluated = usage.promptTokens - usage.cachedTokens;
      if (evaluated > 0 && timings.prefillMs > 0)
        families.prefillRate.observe(rateOf(evaluated, timings.prefillMs), model);
      // Its first token came with the prompt.
      if (usage.completionTokens > 1 && timings.decodeMs > 0)
        families.decodeRate.observe(rateOf(usage.completionTokens - 1, timings.decodeMs), model);
    },
    quotaRefused: (limit) => families.quotaRefusals.add(1, limit),
  };
}

/** No machine is that fast: a worker that says so would spoil the sum of all others. */
const mostTokensPerSecond = 1_000_000;

function rateOf(tokens: number, ms: number): number {
  return Math.min(mostTokensPerSecond, (tokens * 1_000) / ms);
}

const failures = ["worker_lost", "given_back", "engine_crashed", "other"];
const refusals = ["already", "lost", "closed", "stale", "fenced", "unknown", "unassigned"];
const endStates = ["completed", "failed", "expired", "cancelled"];

/** What is counted of attempts, lines and batches as they happen. */
export function createQueueFamilies(registry: Registry) {
  const families = {
    dispatches: new CounterFamily(registry, queueMetrics.dispatches),
    retries: new CounterFamily(registry, queueMetrics.retries),
    givenBack: new CounterFamily(registry, queueMetrics.givenBack),
    fencedResults: new CounterFamily(registry, queueMetrics.fencedResults),
    lines: new CounterFamily(registry, queueMetrics.lines),
    batchDuration: new HistogramFamily(registry, queueMetrics.batchDuration),
  };
  for (const laneClass of ["interactive", "batch"]) families.givenBack.add(0, laneClass);
  for (const failure of failures) families.retries.add(0, failure);
  for (const refusal of refusals) families.fencedResults.add(0, refusal);
  for (const state of endStates) families.batchDuration.open(state);
  return families;
}
