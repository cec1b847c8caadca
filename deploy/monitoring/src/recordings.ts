import { fleetMetrics, requestMetrics, workerMetrics } from "@muster/orchestrator";
import { objectives } from "./objectives.ts";
import { growth, perSecond, quantile, select, shareAbove, sumOf, type Where } from "./promql.ts";

/** A series that Prometheus computes and keeps. */
export interface Recording {
  readonly name: string;
  readonly labels: readonly string[];
  readonly says: string;
  readonly expr: string;
}

/** Windows of the burn rates, the shortest first. */
const windows = ["5m", "30m", "1h", "6h"] as const;
type Window = (typeof windows)[number];

const byWindow = (make: (window: Window) => Recording) =>
  ({ "5m": make("5m"), "30m": make("30m"), "1h": make("1h"), "6h": make("6h") }) as const satisfies Record<
    Window,
    Recording
  >;

const interactive: Where = { class: "interactive" };
/** Clients' own mistakes, their limits, and those who left are no failures of the service. */
const answerable: Where = { ...interactive, outcome: { matches: "ok|server_error|timeout" } };
const failed: Where = { ...interactive, outcome: { matches: "server_error|timeout" } };

/** Failed requests as a share of those that could be answered; 0 while all are, no sample while there are none. */
export function failureRatio(by: readonly string[], window: string): string {
  const all = perSecond(requestMetrics.requests, { by, where: answerable, window });
  const bad = perSecond(requestMetrics.requests, { by, where: failed, window });
  return `(${bad} or 0 * ${all}) / (${all} > 0)`;
}

/** What people see, by model. */
export const traffic = {
  requestRate: {
    ...{ name: "model:muster_requests:rate5m", labels: ["model", "class"] },
    says: "Requests, and lines of batches, that end each second.",
    expr: perSecond(requestMetrics.requests, { by: ["model", "class"], window: "5m" }),
  },
  generationRate: {
    ...{ name: "model:muster_generation_tokens:rate5m", labels: ["model"] },
    says: "Tokens that are written each second.",
    expr: perSecond(requestMetrics.generationTokens, { by: ["model"], window: "5m" }),
  },
  promptRate: {
    ...{ name: "model:muster_prompt_tokens:rate5m", labels: ["model"] },
    says: "Tokens of prompts that are answered each second.",
    expr: perSecond(requestMetrics.promptTokens, { by: ["model"], window: "5m" }),
  },
  firstTokenP50: {
    ...{ name: "model:muster_time_to_first_token_seconds:p50_5m", labels: ["model"] },
    says: "Half of all first tokens come within this time.",
    expr: quantile(0.5, requestMetrics.firstToken, { by: ["model"], window: "5m" }),
  },
  firstTokenP99: {
    ...{ name: "model:muster_time_to_first_token_seconds:p99_5m", labels: ["model"] },
    says: "99 of 100 first tokens come within this time.",
    expr: quantile(0.99, requestMetrics.firstToken, { by: ["model"], window: "5m" }),
  },
  failureRatio: {
    ...{ name: "model:muster_requests_failed:ratio_rate5m", labels: ["model"] },
    says: "Share of requests that failed or waited too long, of those that could be answered.",
    expr: failureRatio(["model"], "5m"),
  },
} as const satisfies Record<string, Recording>;

/** How fast the objectives are used up. */
export const burnRates = {
  firstTokenSlow: byWindow((window) => ({
    ...{ name: `muster:first_token_slow:ratio_rate${window}`, labels: [] },
    says: `Share of first tokens that took more than ${objectives.firstToken.boundSeconds} s.`,
    expr: shareAbove(requestMetrics.firstToken, objectives.firstToken.boundSeconds, { window }),
  })),
  requestsFailed: byWindow((window) => ({
    ...{ name: `muster:requests_failed:ratio_rate${window}`, labels: [] },
    says: "Share of requests that failed or waited too long, of those that could be answered.",
    expr: failureRatio([], window),
  })),
  requestsAnswerable: byWindow((window) => ({
    ...{ name: `muster:requests_answerable:increase${window}`, labels: [] },
    says: "Requests that ended and could be answered.",
    expr: growth(requestMetrics.requests, { where: answerable, window }),
  })),
} as const;

const slotsByModel = sumOf(fleetMetrics.slots, { by: ["model"] });
const gpus = select(workerMetrics.gpuUtilization);
const joules = (by: readonly string[], window: string) =>
  `${growth(workerMetrics.energy, { by, window })} / 3600`;

/** What machines do and take. */
export const fleet = {
  slotsUsed: {
    ...{ name: "model:muster_slots_used:ratio", labels: ["model"] },
    says: "Share of the slots that are in use.",
    expr: `${sumOf(fleetMetrics.slots, { by: ["model"], where: { state: "used" } })} / (${slotsByModel} > 0)`,
  },
  gpusLent: {
    ...{ name: "muster:gpus:count", labels: [] },
    says: "GPUs of the workers that are connected, as far as they tell. Its mean over a time, times its hours, are GPU hours.",
    expr: `count(${gpus}) or vector(0)`,
  },
  gpusBusy: {
    ...{ name: "muster:gpus_busy:sum", labels: [] },
    says: "The sum of what each GPU works, for anybody, 0 to 1 each.",
    expr: `sum(${gpus}) or vector(0)`,
  },
  gpuHoursBusy: {
    ...{ name: "muster:gpu_hours_busy:sum1h", labels: [] },
    says: "GPU hours that were worked in the last hour.",
    expr: "avg_over_time(muster:gpus_busy:sum[1h])",
  },
  gpuHoursLent: {
    ...{ name: "muster:gpu_hours_lent:sum1h", labels: [] },
    says: "GPU hours that were there to be used in the last hour.",
    expr: "avg_over_time(muster:gpus:count[1h])",
  },
  wattHoursByWorker: {
    ...{ name: "worker:muster_energy_watt_hours:increase1h", labels: ["worker", "kind"] },
    says: "Watt-hours of the last hour: while the worker worked for Muster (working), and else (other).",
    expr: joules(["worker", "kind"], "1h"),
  },
  wattHours: {
    ...{ name: "muster:energy_watt_hours:increase1h", labels: ["kind"] },
    says: "The same of all workers.",
    expr: joules(["kind"], "1h"),
  },
} as const satisfies Record<string, Recording>;

/** In the order in which they are computed. */
export const recordingGroups: readonly { readonly name: string; readonly rules: readonly Recording[] }[] = [
  { name: "muster-traffic", rules: Object.values(traffic) },
  { name: "muster-objectives", rules: Object.values(burnRates).flatMap((rates) => Object.values(rates)) },
  { name: "muster-fleet", rules: Object.values(fleet) },
];
