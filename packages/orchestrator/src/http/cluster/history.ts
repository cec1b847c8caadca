import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { FlowSteps, Values } from "../../core/live/history-steps.ts";
import { historyKept } from "../../core/live/resolutions.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody, wrong } from "../parsing/body.ts";
import { round } from "./worker-load.ts";

const usual = { seconds: 3_600, points: 300 } as const;
const mostPoints = 1_000;
/** A client's clock may be a little ahead. */
const aheadMs = 60_000;

const time = z.coerce.number("it must be a time in Unix seconds").min(0).max(1e11).optional();
const historySchema = z.object({
  since: time,
  until: time,
  points: z.coerce.number("it must be a number").int().min(1).max(mostPoints).optional(),
});

/** GET /cluster/v1/history: what all orchestrators have seen, in steps. */
export function historyRoute(app: FastifyInstance, deps: Pick<HttpDeps, "live" | "clock">): void {
  app.get("/cluster/v1/history", { config: { scope: "read" } }, async ({ query }) => {
    const asked = parseBody(historySchema, query);
    const { sinceMs, untilMs } = spanOf(asked, deps.clock.wallMs());
    const { points = usual.points } = asked;
    const steps = await deps.live.history({ sinceMs, untilMs, points });
    const { fleet } = steps;
    const at = steps.total.running.map((_, step) => (steps.sinceMs + step * steps.stepMs) / 1_000);
    return {
      object: "history",
      since: steps.sinceMs / 1_000,
      until: untilMs / 1_000,
      step_seconds: steps.stepMs / 1_000,
      at,
      total: flowBody(steps.total),
      models: Object.fromEntries([...steps.models].map(([model, flow]) => [model, flowBody(flow)])),
      workers: Object.fromEntries([...steps.workers].map(([state, counts]) => [state, values(counts, 2)])),
      slots_total: values(fleet.slots, 2),
      slots_used: values(fleet.slotsUsed, 2),
      vram_total_bytes: values(fleet.vramBytes, 0),
      vram_ours_bytes: values(fleet.oursBytes, 0),
      vram_others_bytes: values(fleet.othersBytes, 0),
      gpu_utilization: ratios(fleet.utilizationSum, fleet.gpusTelling),
      watts: fleet.watts.map((watts, step) => (fleet.wattsTelling[step] ? rounded(watts, 1) : null)),
    };
  });
}

/** Throws `invalid_request`. */
function spanOf(
  asked: { readonly since?: number | undefined; readonly until?: number | undefined },
  nowMs: number,
): { readonly sinceMs: number; readonly untilMs: number } {
  const untilMs = asked.until === undefined ? nowMs : asked.until * 1_000;
  const sinceMs = asked.since === undefined ? untilMs - usual.seconds * 1_000 : asked.since * 1_000;
  if (untilMs > nowMs + aheadMs) throw wrong("until", "it is in the future. Leave it out for now.");
  if (sinceMs >= untilMs) throw wrong("since", "it must be before until. Both are times in Unix seconds.");
  if (sinceMs < nowMs - historyKept.coarse.keptMs - aheadMs)
    throw wrong("since", "it is more than 30 days ago, and the history reaches no further back.");
  return { sinceMs, untilMs };
}

function flowBody(flow: FlowSteps) {
  return {
    prompt_tokens_per_second: values(flow.promptTokens, 2),
    cached_tokens_per_second: values(flow.cachedTokens, 2),
    generated_tokens_per_second: values(flow.generatedTokens, 2),
    requests_per_second: values(flow.requests, 3),
    failures_per_second: values(flow.failures, 3),
    running: values(flow.running, 2),
    waiting: values(flow.waiting, 2),
    first_token_p50_seconds: seconds(flow.firstTokenP50Ms),
    first_token_p99_seconds: seconds(flow.firstTokenP99Ms),
  };
}

function values(of: Values, decimals: number): (number | null)[] {
  return of.map((value) => rounded(value, decimals));
}

function seconds(of: Values): (number | null)[] {
  return of.map((ms) => (ms === undefined ? null : Number((ms / 1_000).toPrecision(3))));
}

/** Null where the other is 0 or not known. */
function ratios(of: Values, to: Values): (number | null)[] {
  return of.map((value, step) => {
    const all = to[step];
    return value === undefined || all === undefined || all === 0 ? null : round(value / all, 3);
  });
}

function rounded(value: number | undefined, decimals: number): number | null {
  return value === undefined ? null : round(value, decimals);
}
