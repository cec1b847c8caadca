import { queueMetrics, requestMetrics } from "../../core/metrics/definitions.ts";
import { type AskedFor, type Metrics, outcomeOfStatus } from "../../ports/metrics.ts";
import { quotaLimits } from "../../ports/quota.ts";
import { CounterFamily, HistogramFamily } from "./families.ts";

/** Tenants that have series of their own; more count as `other`. */
const maxTenants = 200;

export type RequestFamilies = ReturnType<typeof createRequestFamilies>;

/** What is counted and timed of requests as they happen. */
export function createRequestFamilies(options: { readonly hasTenants: boolean }) {
  const families = {
    requests: new CounterFamily(requestMetrics.requests),
    duration: new HistogramFamily(requestMetrics.requestDuration),
    queueWait: new HistogramFamily(requestMetrics.queueWait),
    firstToken: new HistogramFamily(requestMetrics.firstToken),
    interToken: new HistogramFamily(requestMetrics.interToken),
    prefillRate: new HistogramFamily(requestMetrics.prefillRate),
    decodeRate: new HistogramFamily(requestMetrics.decodeRate),
    requestPromptTokens: new HistogramFamily(requestMetrics.requestPromptTokens),
    requestGenerationTokens: new HistogramFamily(requestMetrics.requestGenerationTokens),
    promptTokens: new CounterFamily(requestMetrics.promptTokens),
    cachedTokens: new CounterFamily(requestMetrics.cachedTokens),
    generationTokens: new CounterFamily(requestMetrics.generationTokens),
    answers: new CounterFamily(requestMetrics.answers),
    quotaRefusals: new CounterFamily(requestMetrics.quotaRefusals),
  };
  const tenants = options.hasTenants
    ? {
        requests: new CounterFamily(requestMetrics.tenantRequests),
        tokens: new CounterFamily(requestMetrics.tenantTokens),
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
      families.duration.observe(durationMs / 1_000, 1, model, endpoint);
      tenants?.requests.add(1, nameOf(tenant), outcome);
    },
    lineEnded({ model, endpoint, status, tenant }) {
      const outcome = outcomeOfStatus(status);
      families.requests.add(1, model, endpoint, "batch", outcome);
      tenants?.requests.add(1, nameOf(tenant), outcome);
    },
    queueWaited: (model, laneClass, waitMs) =>
      families.queueWait.observe(waitMs / 1_000, 1, model, laneClass),
    firstToken: (model, sinceAcceptedMs) => families.firstToken.observe(sinceAcceptedMs / 1_000, 1, model),
    interToken: (model, perTokenMs, tokens) => families.interToken.observe(perTokenMs / 1_000, tokens, model),
    tokensUsed(asked: AskedFor, usage) {
      const { model } = asked;
      const { promptTokens, cachedTokens, completionTokens } = usage;
      families.promptTokens.add(promptTokens, model);
      families.cachedTokens.add(cachedTokens, model);
      families.generationTokens.add(completionTokens, model);
      if (promptTokens > 0) families.requestPromptTokens.observe(promptTokens, 1, model);
      if (completionTokens > 0) families.requestGenerationTokens.observe(completionTokens, 1, model);
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
        families.prefillRate.observe((evaluated * 1_000) / timings.prefillMs, 1, model);
      // Its first token came with the prompt.
      if (usage.completionTokens > 1 && timings.decodeMs > 0)
        families.decodeRate.observe(((usage.completionTokens - 1) * 1_000) / timings.decodeMs, 1, model);
    },
    quotaRefused: (limit) => families.quotaRefusals.add(1, limit),
  };
}

const failures = ["worker_lost", "given_back", "engine_crashed", "other"];
const refusals = ["already", "lost", "closed", "stale", "fenced", "unknown", "unassigned"];
const endStates = ["completed", "failed", "expired", "cancelled"];

/** What is counted of attempts, lines and batches as they happen. */
export function createQueueFamilies() {
  const families = {
    dispatches: new CounterFamily(queueMetrics.dispatches),
    retries: new CounterFamily(queueMetrics.retries),
    givenBack: new CounterFamily(queueMetrics.givenBack),
    fencedResults: new CounterFamily(queueMetrics.fencedResults),
    lines: new CounterFamily(queueMetrics.lines),
    batchDuration: new HistogramFamily(queueMetrics.batchDuration),
  };
  for (const laneClass of ["interactive", "batch"]) families.givenBack.add(0, laneClass);
  for (const failure of failures) families.retries.add(0, failure);
  for (const refusal of refusals) families.fencedResults.add(0, refusal);
  for (const state of endStates) families.batchDuration.observe(0, 0, state);
  return families;
}
