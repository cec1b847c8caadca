import { fleetMetrics, workerMetrics } from "@muster/orchestrator";
import { type Case, gap, inTurn, of, rising, steady } from "./case.ts";

const desk = { worker: "desk" };
const gib = 1024 ** 3;
const up = (instance: string) => of(workerMetrics.up, { ...desk, instance });
const disconnects = of(fleetMetrics.workerDisconnects, desk);
const crashes = of(workerMetrics.engineCrashes, desk);
const failedLoads = of(fleetMetrics.replicaLoads, { model: "gemma", result: "failed" });
const heldBack = of(fleetMetrics.heldBack, { model: "gemma" });
const breakers = of(fleetMetrics.breakersOpen, { model: "gemma" });
const freeDisk = of(workerMetrics.freeDisk, desk);
const lag = of(workerMetrics.eventLoopLag, desk);
/** One more every so many minutes, for two hours. */
const every = (minutes: number) =>
  Array.from({ length: 120 }, (_none, minute) => Math.floor(minute / minutes)).join(" ");

export const fleetCases: readonly Case[] = [
  {
    ...{ alert: "MusterWorkerLost", says: "it is lost, and forgotten after ten minutes" },
    series: { [up("one")]: inTurn(steady(1, 10), steady(0, 10), gap(60)) },
    looks: [["12m"], ["18m", { labels: desk }], ["35m", { labels: desk }], ["75m"]],
  },
  {
    ...{ alert: "MusterWorkerLost", says: "it has gone to another orchestrator" },
    series: {
      [up("one")]: inTurn(steady(1, 10), steady(0, 30)),
      [up("two")]: inTurn(gap(11), steady(1, 29)),
    },
    looks: [["20m"], ["35m"]],
  },
  {
    ...{ alert: "MusterWorkerLost", says: "it is back within four minutes, and scrapes fail" },
    series: { [up("one")]: inTurn(steady(1, 10), steady(0, 4), steady(1, 10), gap(10), steady(1, 10)) },
    looks: [["13m"], ["20m"], ["30m"], ["40m"]],
  },
  {
    ...{ alert: "MusterWorkerFlapping", says: "its link breaks every six minutes" },
    series: { [disconnects]: every(6) },
    // What is extrapolated at the ends of the window makes it a little more than nine.
    looks: [["20m"], ["70m", { labels: desk, value: "10" }]],
  },
  {
    ...{ alert: "MusterWorkerFlapping", says: "it breaks twice an hour, and the orchestrator restarts" },
    series: { [disconnects]: inTurn(steady(7, 30), steady(0, 30), steady(1, 20), steady(2, 40)) },
    looks: [["29m"], ["40m"], ["85m"]],
  },
  {
    ...{ alert: "MusterEngineCrashes", says: "an engine crashes every ten minutes" },
    series: { [crashes]: every(10) },
    looks: [["15m"], ["70m", { labels: desk, value: "6" }]],
  },
  {
    ...{ alert: "MusterEngineCrashes", says: "it crashed once, and the worker was restarted" },
    series: { [crashes]: inTurn(steady(9, 30), steady(10, 30), steady(0, 60)) },
    looks: [["45m"], ["65m"]],
  },
  {
    ...{ alert: "MusterModelLoadsFail", says: "it fails every ten minutes" },
    series: { [failedLoads]: every(10) },
    looks: [["15m"], ["70m", { labels: { model: "gemma" }, value: "6" }]],
  },
  {
    ...{ alert: "MusterModelLoadsFail", says: "it failed once, and is loaded often" },
    series: {
      [failedLoads]: inTurn(steady(0, 30), steady(1, 90)),
      [of(fleetMetrics.replicaLoads, { model: "gemma", result: "ok" })]: every(5),
    },
    looks: [["70m"]],
  },
  {
    ...{ alert: "MusterReplicaHeldBack", says: "it stays so" },
    series: { [heldBack]: steady(1, 60) },
    looks: [["20m"], ["40m", { labels: { model: "gemma" } }]],
  },
  {
    ...{ alert: "MusterReplicaHeldBack", says: "it answers its golden prompts after some minutes" },
    series: { [heldBack]: inTurn(steady(1, 10), steady(0, 50)) },
    looks: [["5m"], ["40m"]],
  },
  {
    ...{ alert: "MusterBreakerOpen", says: "it stays open" },
    series: { [breakers]: steady(2, 60) },
    looks: [["10m"], ["20m", { labels: { model: "gemma" } }]],
  },
  {
    ...{ alert: "MusterBreakerOpen", says: "it closes again, and again" },
    series: { [breakers]: inTurn(steady(1, 10), steady(0, 2), steady(1, 10), steady(0, 38)) },
    looks: [["20m"], ["40m"]],
  },
  {
    ...{ alert: "MusterWorkerDiskAlmostFull", says: "two GiB are left" },
    series: { [freeDisk]: steady(2 * gib, 40) },
    looks: [["10m"], ["20m", { labels: desk, value: "2Gi" }]],
  },
  {
    ...{ alert: "MusterWorkerDiskAlmostFull", says: "there is room, and a worker that does not tell" },
    series: { [freeDisk]: steady(200 * gib, 40) },
    looks: [["20m"]],
  },
  {
    ...{ alert: "MusterWorkerDiskFullSoon", says: "three GiB less each hour", stepMinutes: 5 },
    series: { [freeDisk]: rising(60 * gib, -gib / 4, 108) },
    looks: [["60m"], ["360m", { labels: desk }], ["500m", { labels: desk }]],
  },
  {
    ...{ alert: "MusterWorkerDiskFullSoon", says: "a model was fetched, and that was all", stepMinutes: 5 },
    series: { [freeDisk]: inTurn(steady(60 * gib, 60), rising(60 * gib, -5 * gib, 4), steady(45 * gib, 60)) },
    looks: [["315m"], ["360m"], ["390m"], ["600m"]],
  },
  {
    ...{ alert: "MusterWorkerEventLoopLag", says: "it has no time" },
    series: { [lag]: steady(2, 40) },
    looks: [["10m"], ["20m", { labels: desk }]],
  },
  {
    ...{ alert: "MusterWorkerEventLoopLag", says: "it was busy for a moment" },
    series: { [lag]: inTurn(steady(2, 5), steady(0.01, 35)) },
    looks: [["4m"], ["20m"]],
  },
];
