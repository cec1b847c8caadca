import { fleetMetrics, queueMetrics, requestMetrics } from "@muster/orchestrator";
import { burns, failureShare, leastRequests, objectives } from "../objectives.ts";
import { growth, maxOf, perSecond, select, sumOf } from "../promql.ts";
import { burnRates, traffic } from "../recordings.ts";
import type { Alert } from "./alert.ts";

/** A burn counts when both windows show it: the long one that it matters, the short one that it still goes on. */
function burnExpr(rates: typeof burnRates.firstTokenSlow, share: number, burn: keyof typeof burns): string {
  const { rate, long, short } = burns[burn];
  const bound = failureShare(share, rate);
  const requests = burnRates.requestsAnswerable[long].name;
  return `${rates[long].name} > ${bound} and ${rates[short].name} > ${bound} and ${requests} >= ${leastRequests}`;
}

const { firstToken, answered } = objectives;
const firstTokens =
  `${(1 - firstToken.share) * 100} % of first tokens may take more than ${firstToken.boundSeconds} s`.replace(
    /\.0+\d* /,
    " ",
  );

const slotsOfModel = sumOf(fleetMetrics.slots, { by: ["model"] });
/** Requests that nobody can serve end by themselves after a minute: the queue may be empty at the moment of a look. */
const waitedLately = `sum by (model) (max_over_time(${select(queueMetrics.laneWaiting, { class: "interactive" })}[5m]))`;

export const servingAlerts: readonly Alert[] = [
  {
    ...{ name: "MusterNoWorkerForModel", severity: "critical", for: "10m" },
    expr: `${waitedLately} > 0 unless on (model) (${slotsOfModel} > 0)`,
    summary: "Requests for {{ $labels.model }} wait, and no worker serves it.",
    description:
      "They end with queue_timeout. See with `muster models plan` why the model is not loaded, then lend a machine that has room for it, or unpin another model.",
    steps: [
      "`muster models plan` has a reason for each model that is asked for and not loaded: no room, no such file, a load that failed.",
      "`muster workers`: are the machines there that used to serve it, and are they lent? An owner who is at the machine, or its hours, may keep it away.",
      "A load that failed: `muster logs --level error`, then [MusterModelLoadsFail](#mustermodelloadsfail).",
      "A first load of a large model may take longer than ten minutes; its progress is in `muster workers`.",
    ],
  },
  {
    ...{ name: "MusterRequestsWaitLong", severity: "warning", for: "5m" },
    expr: `${maxOf(queueMetrics.laneOldestWait, { by: ["model"], where: { class: "interactive" } })} > 30`,
    summary: "Somebody has waited more than 30 seconds for {{ $labels.model }}.",
    description:
      "More is asked for than the workers can answer. Add a replica or slots for the model, or limit the keys that ask for most of it.",
    steps: [
      "Dashboard *Muster / Overview*: is it more requests than usual, or fewer slots?",
      "`muster usage` says whose requests they are; limits of a key: `muster keys set`.",
      "`muster models pin` with more replicas, or more slots on the workers that serve it.",
    ],
  },
  {
    ...{ name: "MusterBatchStalled", severity: "warning", for: "15m" },
    expr: `${maxOf(queueMetrics.laneOldestWait, { by: ["model"], where: { class: "batch" } })} > 14400 unless on (model) ${growth(queueMetrics.lines, { by: ["model"], window: "1h" })} > 0`,
    summary: "No line of a batch for {{ $labels.model }} has been answered for four hours.",
    description:
      "Lines wait, and none gets its answer: batches may end as expired. `muster batch show` says what each waits for. Where machines are lent at night only, this is as it should be during the day: silence it for those hours.",
    steps: [
      "`muster batch ls`, then `muster batch show ID`: `waits_for` says what keeps it.",
      "Are all slots taken by interactive requests (dashboard *Muster / Overview*)? Lines take what is left.",
      "Is the model served at all? See [MusterNoWorkerForModel](#musternoworkerformodel).",
    ],
  },
  {
    ...{ name: "MusterFirstTokenBurnFast", severity: "critical", for: "2m" },
    expr: burnExpr(burnRates.firstTokenSlow, firstToken.share, "fast"),
    summary: "Most answers begin far too late.",
    description: `${firstTokens} in a month; at the rate of the last hour that is used up within two days. Look which model it is, and whether its workers are busy, lost or slow.`,
    steps: [
      "Dashboard *Muster / Overview*, first tokens by model: one model, or all?",
      "All: look at the orchestrator and Redis, dashboard *Muster / Health* (event loop, Redis' latency).",
      "One: does it wait for a slot (queue wait) or in the prompt (prefill)? A queue needs more slots; a slow prefill is a worker whose GPU somebody else uses.",
      "Cold starts count as well: pin a model that is asked for all day.",
    ],
  },
  {
    ...{ name: "MusterFirstTokenBurnSlow", severity: "warning", for: "15m" },
    expr: burnExpr(burnRates.firstTokenSlow, firstToken.share, "slow"),
    summary: "Many answers have begun too late for hours.",
    description: `${firstTokens} in a month; at the rate of the last six hours that is used up within five days. Add slots for the model that is slow, or move batches to the night.`,
    steps: [
      "As [MusterFirstTokenBurnFast](#musterfirsttokenburnfast), without haste.",
      "Look at the same hours of other days: a load that comes each day needs another machine or hours of lending.",
    ],
  },
  {
    ...{ name: "MusterErrorBurnFast", severity: "critical", for: "2m" },
    expr: burnExpr(burnRates.requestsFailed, answered.share, "fast"),
    summary: "Many requests fail.",
    description:
      "1 % of requests may fail in a month; at the rate of the last hour that is used up within two days. See what fails in `muster logs --level error` and on the dashboard Muster / Overview.",
    steps: [
      "Dashboard *Muster / Overview*, outcomes: `timeout` is a lack of slots, `server_error` is something broken.",
      "`muster logs --level error` has the request ids and what happened to them.",
      "After an upgrade: go back to the version before.",
    ],
  },
  {
    ...{ name: "MusterErrorBurnSlow", severity: "warning", for: "15m" },
    expr: burnExpr(burnRates.requestsFailed, answered.share, "slow"),
    summary: "More requests fail than may.",
    description:
      "1 % of requests may fail in a month; at the rate of the last six hours that is used up within five days. See what fails in `muster logs --level error`.",
    steps: ["As [MusterErrorBurnFast](#mustererrorburnfast), without haste."],
  },
  {
    ...{ name: "MusterModelErrors", severity: "warning", for: "10m" },
    expr: `${traffic.failureRatio.name} > 0.1 and on (model) ${growth(requestMetrics.requests, { by: ["model"], where: { class: "interactive" }, window: "30m" })} >= ${leastRequests}`,
    summary: "{{ $value | humanizePercentage }} of the requests for {{ $labels.model }} fail.",
    description:
      "One model fails for one request in ten or more. See with `muster logs --level error` which worker it is; drain that worker (`muster workers drain NAME`) and look at its engine.",
    steps: [
      "Dashboard *Muster / Workers & GPUs*: engine crashes, replicas whose breaker is open.",
      "Drain the worker that fails (`muster workers drain NAME`): it gets no new requests.",
      "All workers alike: is the file right (`muster models rm`, then `muster models pull`), is the context too large for the memory?",
    ],
  },
  {
    ...{ name: "MusterFencedResults", severity: "warning", for: "5m" },
    expr: `${growth(queueMetrics.fencedResults, { window: "1h" })} > 20 and ${growth(queueMetrics.fencedResults, { window: "1h" })} > 0.05 * (${growth(queueMetrics.lines, { window: "1h" })} or vector(0))`,
    summary: "{{ $value | humanize }} results of batch lines were refused in an hour.",
    description:
      "Lines are computed twice, or results come after the end: more than 5 % of the work is lost. Links that break (MusterWorkerFlapping) are the usual cause; one that was never assigned may be forged.",
    steps: [
      "By reason, on the dashboard *Muster / Batches & queue*. `closed`: the batch had ended. `already`: somebody else was first.",
      "`unassigned`: its worker was never given the line; `muster audit ls` names that worker. It may try to forge results: `muster workers revoke`.",
      "Hedging too eager? It starts stragglers a second time on purpose.",
    ],
  },
  {
    ...{ name: "MusterQuotaRefusals", severity: "info", for: "5m" },
    expr: `${perSecond(requestMetrics.quotaRefusals, { by: ["limit"], window: "15m" })} > 0.05 and ${perSecond(requestMetrics.quotaRefusals, { by: ["limit"], window: "15m" })} > 5 * ${perSecond(requestMetrics.quotaRefusals, { by: ["limit"], window: "1d" })}`,
    summary: "Far more than usual is refused for the limit {{ $labels.limit }}.",
    description:
      "A program that asks in a loop, or a key whose limits have become too small. `muster usage` shows whose it is; raise its limits, or have the program wait as long as Retry-After says.",
    steps: [
      "`muster usage` and `muster audit ls` show which key it is.",
      "A program that does not heed `Retry-After`: tell its owner. The service is not in danger.",
      "Limits that are too small: `muster keys set`.",
    ],
  },
];
