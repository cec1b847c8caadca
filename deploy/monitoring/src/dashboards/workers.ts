import { fleetMetrics, type MetricDefinition, workerMetrics } from "@muster/orchestrator";
import { growth, perSecond, select, sumOf } from "../promql.ts";
import { board } from "./board.ts";
import { ofModel, ofWorker, window } from "./filters.ts";
import { bars, lines, number, type PanelPlan, table } from "./panels.ts";

/** One line for each worker; where two orchestrators know it, the newer word is the larger one. */
const perWorker = (metric: MetricDefinition) => `max by (worker) (${select(metric, ofWorker)})`;
const perGpu = (metric: MetricDefinition) => `max by (worker, gpu) (${select(metric, ofWorker)})`;

const gpuLines = (metric: MetricDefinition, options: Omit<PanelPlan, "kind" | "queries">) =>
  lines({ ...options, queries: [{ expr: perGpu(metric), legend: "{{worker}} GPU {{gpu}}" }] });
const workerLines = (metric: MetricDefinition, options: Omit<PanelPlan, "kind" | "queries">) =>
  lines({ ...options, queries: [{ expr: perWorker(metric), legend: "{{worker}}" }] });

export const workers = board({
  ...{ uid: "muster-workers", title: "Workers & GPUs" },
  description:
    "What each machine lends, does and draws, and which is in trouble. What a machine does not tell has no line.",
  variables: ["worker", "model"],
  rows: [
    {
      title: "The fleet",
      panels: [
        number({
          ...{ title: "Workers, by state", unit: "short", width: 12 },
          description:
            "away: not lent now, since its owner is there or its hours are over. lost: its link broke, and it has not been back.",
          queries: [{ expr: `${sumOf(fleetMetrics.workers, { by: ["state"] })}`, legend: "{{state}}" }],
          alerts: ["MusterWorkerLost"],
        }),
        number({
          ...{ title: "Replicas, by state", unit: "short", width: 12 },
          description: "Models that are loaded, or being loaded, on workers that are connected.",
          queries: [
            { expr: sumOf(fleetMetrics.replicas, { by: ["state"], where: ofModel }), legend: "{{state}}" },
          ],
        }),
        table({
          ...{ title: "Machines", unit: "short", width: 12 },
          description: "What the workers that are connected are.",
          queries: [
            {
              expr: `max by (worker, version, platform, backend, pool) (${select(workerMetrics.info, ofWorker)})`,
              legend: "{{worker}}",
            },
          ],
        }),
        bars({
          ...{
            title: "Slots in use, by worker",
            unit: "percentunit",
            width: 12,
            max: 1,
            thresholds: [0.8, 0.95],
          },
          description: "Of the slots of its ready replicas.",
          queries: [
            {
              expr: `${sumOf(workerMetrics.slots, { by: ["worker"], where: { ...ofWorker, state: "used" } })} / (${sumOf(workerMetrics.slots, { by: ["worker"], where: ofWorker })} > 0)`,
              legend: "{{worker}}",
            },
          ],
        }),
      ],
    },
    {
      title: "GPUs",
      panels: [
        gpuLines(workerMetrics.gpuUtilization, {
          ...{ title: "Utilization", unit: "percentunit", width: 12, max: 1 },
          description: "Share of the time that a GPU works, for anybody.",
        }),
        lines({
          ...{ title: "Memory of GPUs", unit: "bytes", width: 12 },
          description:
            "Of all GPUs of a worker: Muster's, others', and what Muster is offered in all. Others come first: an offer shrinks at once.",
          queries: [
            {
              expr: `max by (worker, kind) (${select(workerMetrics.vram, { ...ofWorker, kind: { matches: "ours|others|offered" } })})`,
              legend: "{{worker}} {{kind}}",
            },
          ],
        }),
        gpuLines(workerMetrics.gpuTemperature, {
          ...{ title: "Temperature", unit: "celsius", width: 8, thresholds: [83, 90] },
          description: "Of the core. Most cards slow down from 83 °C on.",
          alerts: ["MusterBreakerOpen"],
        }),
        gpuLines(workerMetrics.gpuWatts, {
          ...{ title: "Power of GPUs", unit: "watt", width: 8 },
          description: "What each draws now.",
        }),
        workerLines(workerMetrics.watts, {
          ...{ title: "Power of workers", unit: "watt", width: 8 },
          description:
            "What the parts of a machine draw that tell it: GPUs, and processors where they may be read.",
        }),
        lines({
          ...{ title: "Energy, by worker", unit: "watth", width: 12, isStacked: true },
          description: "Watt-hours of the last hour: working for Muster, and other.",
          queries: [
            {
              expr: `worker:muster_energy_watt_hours:increase1h{worker=~"$worker"}`,
              legend: "{{worker}} {{kind}}",
            },
          ],
        }),
        lines({
          ...{ title: "Tokens for a watt-hour of work", unit: "short", width: 12 },
          description:
            "Tokens that were computed, read and written, for each watt-hour that was drawn while working.",
          queries: [
            {
              expr: `(${growth(workerMetrics.promptTokens, { by: ["worker"], where: ofWorker, window })} + ${growth(workerMetrics.generationTokens, { by: ["worker"], where: ofWorker, window })}) / (${growth(workerMetrics.energy, { by: ["worker"], where: { ...ofWorker, kind: "working" }, window })} / 3600 > 0)`,
              legend: "{{worker}}",
            },
          ],
        }),
      ],
    },
    {
      title: "Work",
      panels: [
        lines({
          ...{ title: "Tokens written, by worker", unit: "short", width: 12, isStacked: true },
          description: "Generated tokens per second.",
          queries: [
            {
              expr: perSecond(workerMetrics.generationTokens, { by: ["worker"], where: ofWorker, window }),
              legend: "{{worker}}",
            },
          ],
        }),
        lines({
          ...{ title: "Speed of one answer, by worker", unit: "short", width: 12 },
          description:
            "Tokens for each second in which an answer was written there. Falls when somebody else uses the GPU.",
          queries: [
            {
              expr: `${perSecond(workerMetrics.generationTokens, { by: ["worker"], where: ofWorker, window })} / (${perSecond(workerMetrics.decodeSeconds, { by: ["worker"], where: ofWorker, window })} > 0)`,
              legend: "{{worker}} writing",
            },
            {
              expr: `${perSecond(workerMetrics.promptTokens, { by: ["worker"], where: ofWorker, window })} / (${perSecond(workerMetrics.prefillSeconds, { by: ["worker"], where: ofWorker, window })} > 0)`,
              legend: "{{worker}} reading",
            },
          ],
        }),
      ],
    },
    {
      title: "Trouble",
      panels: [
        lines({
          ...{ title: "Lost links, last hour", unit: "short", width: 8 },
          description: "Links that were lost or replaced. Often: its network, or two workers with one name.",
          queries: [
            {
              expr: growth(fleetMetrics.workerDisconnects, { by: ["worker"], where: ofWorker, window: "1h" }),
              legend: "{{worker}}",
            },
          ],
          alerts: ["MusterWorkerFlapping", "MusterWorkerLost"],
        }),
        lines({
          ...{ title: "Engine crashes, last hour", unit: "short", width: 8 },
          description: "Engine processes that ended by themselves.",
          queries: [
            {
              expr: growth(workerMetrics.engineCrashes, { by: ["worker"], where: ofWorker, window: "1h" }),
              legend: "{{worker}}",
            },
          ],
          alerts: ["MusterEngineCrashes"],
        }),
        workerLines(workerMetrics.heartbeatAge, {
          ...{ title: "Last heard of", unit: "s", width: 8 },
          description: "Beats come every two seconds.",
        }),
        workerLines(workerMetrics.freeDisk, {
          ...{ title: "Free disk for models", unit: "bytes", width: 8 },
          description: "Where the worker's model files are.",
          alerts: ["MusterWorkerDiskAlmostFull", "MusterWorkerDiskFullSoon"],
        }),
        workerLines(workerMetrics.freeRam, {
          ...{ title: "Free main memory", unit: "bytes", width: 8 },
          description: "Of the whole machine.",
        }),
        workerLines(workerMetrics.cpu, {
          ...{ title: "Processor", unit: "percentunit", width: 8, max: 1 },
          description: "Share of all cores in use, by anybody.",
        }),
        workerLines(workerMetrics.eventLoopLag, {
          ...{ title: "Event loop of workers", unit: "s", width: 8, thresholds: [0.25, 1] },
          description: "How late timers are: the worker's own process has no time.",
          alerts: ["MusterWorkerEventLoopLag"],
        }),
        workerLines(workerMetrics.residentMemory, {
          ...{ title: "Memory of workers' processes", unit: "bytes", width: 8 },
          description: "The daemon alone; engines are processes of their own.",
        }),
        lines({
          ...{ title: "Processor time of workers' processes", unit: "percentunit", width: 8 },
          description: "1 is one core; engines are processes of their own.",
          queries: [
            {
              expr: perSecond(workerMetrics.cpuSeconds, { by: ["worker"], where: ofWorker, window }),
              legend: "{{worker}}",
            },
          ],
        }),
      ],
    },
  ],
});
