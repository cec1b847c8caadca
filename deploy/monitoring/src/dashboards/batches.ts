import { fleetMetrics, queueMetrics, requestMetrics } from "@muster/orchestrator";
import { growth, maxOf, perSecond, quantile, sumOf } from "../promql.ts";
import { board } from "./board.ts";
import { ofModel, window } from "./filters.ts";
import { lines, number } from "./panels.ts";

const { batches: openBatches, linesRunning, laneWaiting, laneOldestWait } = queueMetrics;

export const batches = board({
  ...{ uid: "muster-batches", title: "Batches & queue" },
  description: "What waits, what is tried again, how batches move, and what placement does.",
  variables: ["model"],
  rows: [
    {
      title: "Queue",
      panels: [
        lines({
          ...{ title: "Waiting", unit: "short", width: 8 },
          description: "Requests (interactive) and lines (batch) that have no slot yet.",
          queries: [
            {
              expr: sumOf(laneWaiting, { by: ["model", "class"], where: ofModel }),
              legend: "{{model}} {{class}}",
            },
          ],
          alerts: ["MusterNoWorkerForModel"],
        }),
        lines({
          ...{ title: "Longest wait", unit: "s", width: 8 },
          description:
            "Of requests: the one that waits longest. Of batches: since a line of the model was answered last.",
          queries: [
            {
              expr: maxOf(laneOldestWait, { by: ["model", "class"], where: ofModel }),
              legend: "{{model}} {{class}}",
            },
          ],
          alerts: ["MusterRequestsWaitLong", "MusterBatchStalled"],
        }),
        lines({
          ...{ title: "Running", unit: "short", width: 8, isStacked: true },
          description: "Requests, and lines of batches, that have a slot.",
          queries: [
            {
              expr: sumOf(requestMetrics.running, { by: ["model", "class"], where: ofModel }),
              legend: "{{model}} {{class}}",
            },
          ],
        }),
        lines({
          ...{ title: "Attempts, by result", unit: "ops", width: 8, isStacked: true },
          description: "Attempts that ended on a worker, per second. A request may take several.",
          queries: [
            {
              expr: perSecond(queueMetrics.dispatches, { by: ["result"], where: ofModel, window }),
              legend: "{{result}}",
            },
          ],
          alerts: ["MusterModelErrors"],
        }),
        lines({
          ...{ title: "Attempts made again", unit: "ops", width: 8 },
          description: "Because an earlier one failed, by that failure.",
          queries: [
            { expr: perSecond(queueMetrics.retries, { by: ["reason"], window }), legend: "{{reason}}" },
          ],
        }),
        lines({
          ...{ title: "Given back by owners", unit: "ops", width: 8 },
          description: "Attempts that workers gave back because their machine was needed.",
          queries: [
            { expr: perSecond(queueMetrics.givenBack, { by: ["class"], window }), legend: "{{class}}" },
          ],
        }),
      ],
    },
    {
      title: "Batches",
      panels: [
        number({
          ...{ title: "Batches that are not over", unit: "short", width: 12 },
          description: "By state; the whole cluster's.",
          queries: [{ expr: maxOf(openBatches, { by: ["state"] }), legend: "{{state}}" }],
        }),
        number({
          ...{ title: "Lines taken", unit: "short", width: 12 },
          description: "Lines that orchestrators have taken and not answered yet.",
          queries: [{ expr: sumOf(linesRunning), legend: "lines" }],
        }),
        lines({
          ...{ title: "Lines answered", unit: "ops", width: 12, isStacked: true },
          description: "Per second, by outcome; cached ones were not run.",
          queries: [
            {
              expr: perSecond(queueMetrics.lines, { by: ["model", "outcome"], where: ofModel, window }),
              legend: "{{model}} {{outcome}}",
            },
          ],
          alerts: ["MusterBatchStalled"],
        }),
        lines({
          ...{ title: "Results refused, last hour", unit: "short", width: 12 },
          description:
            "Results of lines that the ledger did not take: the line had its answer, or the batch was over.",
          queries: [
            {
              expr: growth(queueMetrics.fencedResults, { by: ["reason"], window: "1h" }),
              legend: "{{reason}}",
            },
          ],
          alerts: ["MusterFencedResults"],
        }),
        lines({
          ...{ title: "How long batches took", unit: "s", width: 12 },
          description: "From its creation to its end; of the batches that ended in the last day.",
          queries: [
            {
              expr: quantile(0.5, queueMetrics.batchDuration, { by: ["state"], window: "1d" }),
              legend: "{{state}} p50",
            },
            {
              expr: quantile(0.9, queueMetrics.batchDuration, { by: ["state"], window: "1d" }),
              legend: "{{state}} p90",
            },
          ],
        }),
        lines({
          ...{ title: "Why answers end", unit: "ops", width: 12, isStacked: true },
          description:
            "stop: the model was done. length: it was cut off at max_tokens or the end of its context. tool_calls: it asks for a tool.",
          queries: [
            {
              expr: perSecond(requestMetrics.answers, { by: ["reason"], where: ofModel, window }),
              legend: "{{reason}}",
            },
          ],
        }),
      ],
    },
    {
      title: "Models",
      panels: [
        lines({
          ...{ title: "Placement", unit: "short", width: 8 },
          description:
            "Models that were loaded, unloaded, or let end their work first, in the last hour. Often both: too little memory for what is asked for.",
          queries: [
            { expr: growth(fleetMetrics.placements, { by: ["action"], window: "1h" }), legend: "{{action}}" },
          ],
        }),
        lines({
          ...{ title: "Loads, last hour", unit: "short", width: 8 },
          description: "Replicas that became ready (ok), or could not be loaded (failed).",
          queries: [
            {
              expr: growth(fleetMetrics.replicaLoads, {
                by: ["model", "result"],
                where: ofModel,
                window: "1h",
              }),
              legend: "{{model}} {{result}}",
            },
          ],
          alerts: ["MusterModelLoadsFail"],
        }),
        lines({
          ...{ title: "How long loads take", unit: "s", width: 8 },
          description:
            "From the order to load a model to ready, fetching its file included; of the last hour.",
          queries: [
            {
              expr: quantile(0.5, fleetMetrics.loadSeconds, { by: ["model"], where: ofModel, window: "1h" }),
              legend: "{{model}} p50",
            },
          ],
        }),
        lines({
          ...{ title: "Cold starts, last hour", unit: "short", width: 8 },
          description: "Requests that came while nobody served their model. Pin a model that has many.",
          queries: [
            {
              expr: growth(fleetMetrics.coldStarts, { by: ["model"], where: ofModel, window: "1h" }),
              legend: "{{model}}",
            },
          ],
        }),
        lines({
          ...{ title: "Speed of answers", unit: "short", width: 8 },
          description: "Tokens per second of one answer, as the worker wrote it.",
          queries: [
            {
              expr: quantile(0.5, requestMetrics.decodeRate, { by: ["model"], where: ofModel, window }),
              legend: "{{model}} p50",
            },
          ],
        }),
        lines({
          ...{ title: "Speed of reading", unit: "short", width: 8 },
          description:
            "Prompt tokens per second that a worker evaluated for one answer; cached ones left out.",
          queries: [
            {
              expr: quantile(0.5, requestMetrics.prefillRate, { by: ["model"], where: ofModel, window }),
              legend: "{{model}} p50",
            },
          ],
        }),
      ],
    },
  ],
});
