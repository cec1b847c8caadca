import { fleetMetrics, queueMetrics, requestMetrics, workerMetrics } from "@muster/orchestrator";
import { objectives } from "../objectives.ts";
import { mean, perSecond, quantile, shareAbove, sumOf } from "../promql.ts";
import { failureRatio, fleet, traffic } from "../recordings.ts";
import { board } from "./board.ts";
import { ofModel, window } from "./filters.ts";
import { lines, number } from "./panels.ts";

const { boundSeconds, share } = objectives.firstToken;
const interactive = { ...ofModel, class: "interactive" };

export const overview = board({
  ...{ uid: "muster-overview", title: "Overview" },
  description:
    "What people ask for, how long they wait, and whether there is room: the page to look at first.",
  variables: ["model"],
  rows: [
    {
      title: "Now",
      panels: [
        number({
          ...{ title: "Tokens written", unit: "short", width: 4 },
          description: "Tokens that are generated each second, batches included.",
          queries: [
            {
              expr: perSecond(requestMetrics.generationTokens, { where: ofModel, window }),
              legend: "tokens/s",
            },
          ],
        }),
        number({
          ...{ title: "In flight", unit: "short", width: 4 },
          description: "Requests that are accepted and not answered yet, waiting ones included.",
          queries: [{ expr: sumOf(requestMetrics.inflight), legend: "requests" }],
        }),
        number({
          ...{
            title: "First token, 99 of 100 within",
            unit: "s",
            width: 4,
            thresholds: [boundSeconds, 2 * boundSeconds],
          },
          description: `From the acceptance of a request to the first piece of its answer. The objective: ${share * 100} % within ${boundSeconds} s.`,
          queries: [
            { expr: quantile(0.99, requestMetrics.firstToken, { where: ofModel, window }), legend: "p99" },
          ],
          alerts: ["MusterFirstTokenBurnFast", "MusterFirstTokenBurnSlow"],
        }),
        number({
          ...{ title: "Failed", unit: "percentunit", width: 4, thresholds: [0.01, 0.05] },
          description:
            "Requests that failed or waited too long, of those that could be answered. Clients' own mistakes and limits are left out.",
          queries: [{ expr: failureRatio([], window), legend: "failed" }],
          alerts: ["MusterErrorBurnFast", "MusterErrorBurnSlow"],
        }),
        number({
          ...{ title: "Slots in use", unit: "percentunit", width: 4, thresholds: [0.8, 0.95], max: 1 },
          description: "Of all slots of ready replicas that are lent. Near 100 % requests wait.",
          queries: [
            {
              expr: `${sumOf(fleetMetrics.slots, { where: { ...ofModel, state: "used" } })} / (${sumOf(fleetMetrics.slots, { where: ofModel })} > 0)`,
              legend: "used",
            },
          ],
        }),
        number({
          ...{ title: "Workers ready", unit: "short", width: 4 },
          description: "Workers that serve models now.",
          queries: [{ expr: sumOf(fleetMetrics.workers, { where: { state: "ready" } }), legend: "ready" }],
          alerts: ["MusterNoWorkerForModel"],
        }),
      ],
    },
    {
      title: "What is asked for",
      panels: [
        lines({
          ...{ title: "Tokens written, by model", unit: "short", width: 12, isStacked: true },
          description: "Generated tokens per second.",
          queries: [
            {
              expr: perSecond(requestMetrics.generationTokens, { by: ["model"], where: ofModel, window }),
              legend: "{{model}}",
            },
          ],
        }),
        lines({
          ...{ title: "Tokens read, by model", unit: "short", width: 12, isStacked: true },
          description: "Prompt tokens per second. Cached ones were found in a slot and cost next to nothing.",
          queries: [
            {
              expr: perSecond(requestMetrics.promptTokens, { by: ["model"], where: ofModel, window }),
              legend: "{{model}}",
            },
            {
              expr: perSecond(requestMetrics.cachedTokens, { by: ["model"], where: ofModel, window }),
              legend: "{{model}}, of them cached",
            },
          ],
        }),
        lines({
          ...{ title: "Requests, by outcome", unit: "reqps", width: 12, isStacked: true },
          description:
            "Ended per second, lines of batches left out. timeout: no slot in time. rejected: a limit, or too many in flight.",
          queries: [
            {
              expr: perSecond(requestMetrics.requests, { by: ["outcome"], where: interactive, window }),
              legend: "{{outcome}}",
            },
          ],
          alerts: ["MusterErrorBurnFast", "MusterModelErrors"],
        }),
        lines({
          ...{ title: "Requests, by endpoint", unit: "reqps", width: 12 },
          description: "Ended per second, lines of batches left out.",
          queries: [
            {
              expr: perSecond(requestMetrics.requests, { by: ["endpoint"], where: interactive, window }),
              legend: "{{endpoint}}",
            },
          ],
        }),
      ],
    },
    {
      title: "How long people wait",
      panels: [
        lines({
          ...{
            title: "First token, by model",
            unit: "s",
            width: 12,
            thresholds: [boundSeconds, 2 * boundSeconds],
          },
          description: "Half, and 99 of 100, of all first tokens came within this time.",
          queries: [
            { expr: `${traffic.firstTokenP50.name}{model=~"$model"}`, legend: "{{model}} p50" },
            { expr: `${traffic.firstTokenP99.name}{model=~"$model"}`, legend: "{{model}} p99" },
          ],
          alerts: ["MusterFirstTokenBurnFast", "MusterFirstTokenBurnSlow"],
        }),
        lines({
          ...{ title: `First tokens later than ${boundSeconds} s`, unit: "percentunit", width: 12 },
          description: `The objective allows ${Math.round((1 - share) * 100)} %.`,
          queries: [
            {
              expr: shareAbove(requestMetrics.firstToken, boundSeconds, {
                by: ["model"],
                where: ofModel,
                window,
              }),
              legend: "{{model}}",
            },
          ],
          alerts: ["MusterFirstTokenBurnFast", "MusterFirstTokenBurnSlow"],
        }),
        lines({
          ...{ title: "Between two tokens", unit: "s", width: 8 },
          description: "How an answer flows, as its reader sees it. Above 0.1 s it is slower than most read.",
          queries: [
            {
              expr: quantile(0.5, requestMetrics.interToken, { by: ["model"], where: ofModel, window }),
              legend: "{{model}} p50",
            },
            {
              expr: quantile(0.99, requestMetrics.interToken, { by: ["model"], where: ofModel, window }),
              legend: "{{model}} p99",
            },
          ],
        }),
        lines({
          ...{ title: "Wait for a slot", unit: "s", width: 8 },
          description: "From the acceptance of a request to a slot; lines of batches left out.",
          queries: [
            {
              expr: quantile(0.99, requestMetrics.queueWait, { by: ["model"], where: interactive, window }),
              legend: "{{model}} p99",
            },
          ],
          alerts: ["MusterRequestsWaitLong"],
        }),
        lines({
          ...{ title: "Whole requests", unit: "s", width: 8 },
          description: "From the acceptance of a request to its last byte; long answers take long.",
          queries: [
            {
              expr: quantile(0.5, requestMetrics.requestDuration, { by: ["model"], where: ofModel, window }),
              legend: "{{model}} p50",
            },
            {
              expr: quantile(0.99, requestMetrics.requestDuration, { by: ["model"], where: ofModel, window }),
              legend: "{{model}} p99",
            },
          ],
        }),
      ],
    },
    {
      title: "Whether there is room",
      panels: [
        lines({
          ...{
            title: "Slots in use, by model",
            unit: "percentunit",
            width: 8,
            max: 1,
            thresholds: [0.8, 0.95],
          },
          description: "Of the slots of ready replicas that are lent.",
          queries: [{ expr: `${fleet.slotsUsed.name}{model=~"$model"}`, legend: "{{model}}" }],
        }),
        lines({
          ...{ title: "Waiting, by model", unit: "short", width: 8 },
          description: "Requests (interactive) and lines (batch) that have no slot yet.",
          queries: [
            {
              expr: sumOf(queueMetrics.laneWaiting, { by: ["model", "class"], where: ofModel }),
              legend: "{{model}} {{class}}",
            },
          ],
          alerts: ["MusterNoWorkerForModel", "MusterRequestsWaitLong"],
        }),
        lines({
          ...{ title: "Length of requests", unit: "short", width: 8 },
          description: "Mean tokens of a request: read and written.",
          queries: [
            {
              expr: mean(requestMetrics.requestPromptTokens, { by: ["model"], where: ofModel, window }),
              legend: "{{model}} read",
            },
            {
              expr: mean(requestMetrics.requestGenerationTokens, { by: ["model"], where: ofModel, window }),
              legend: "{{model}} written",
            },
          ],
        }),
        number({
          ...{ title: "GPU hours in this time", unit: "h", width: 8 },
          description: "Worked, for anybody, and there to be used.",
          queries: [
            { expr: `avg_over_time(${fleet.gpusBusy.name}[$__range]) * $__range_s / 3600`, legend: "worked" },
            { expr: `avg_over_time(${fleet.gpusLent.name}[$__range]) * $__range_s / 3600`, legend: "lent" },
          ],
        }),
        number({
          ...{ title: "Energy in this time", unit: "watth", width: 8 },
          description: "Of the workers that tell it: while they worked for Muster, and else.",
          queries: [
            {
              expr: `sum by (kind) (increase(${workerMetrics.energy.name}[$__range])) / 3600`,
              legend: "{{kind}}",
            },
          ],
        }),
        number({
          ...{ title: "Refused by limits in this time", unit: "short", width: 8 },
          description: "Requests, batches and files that a limit of their key kept out.",
          queries: [
            { expr: `sum(increase(${requestMetrics.quotaRefusals.name}[$__range]))`, legend: "refused" },
          ],
          alerts: ["MusterQuotaRefusals"],
        }),
      ],
    },
  ],
});
