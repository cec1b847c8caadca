import { fleetMetrics, queueMetrics, requestMetrics } from "@muster/orchestrator";
import { type Case, gap, inTurn, of, part, rising, steady } from "./case.ts";

const m = { labels: { model: "gemma" } };
const waiting = (laneClass: string) => of(queueMetrics.laneWaiting, { model: "gemma", class: laneClass });
const slots = (model: string, state: string) => of(fleetMetrics.slots, { model, state });
const oldest = (laneClass: string) => of(queueMetrics.laneOldestWait, { model: "gemma", class: laneClass });
const requests = (outcome: string, more: Readonly<Record<string, string>> = {}) =>
  of(requestMetrics.requests, { model: "gemma", endpoint: "chat", class: "interactive", outcome, ...more });
const firstTokens = (le?: string, more: Readonly<Record<string, string>> = {}) =>
  part(requestMetrics.firstToken, le === undefined ? "_count" : "_bucket", {
    ...{ model: "gemma", ...more },
    ...(le === undefined ? {} : { le }),
  });

/** First tokens of which `inTime` in a minute come within the bound, of `all`. */
const tokens = (inTime: number, all: number, minutes: number) => ({
  [firstTokens("5")]: rising(0, inTime, minutes),
  [firstTokens()]: rising(0, all, minutes),
  [requests("ok")]: rising(0, all, minutes),
});

export const servingCases: readonly Case[] = [
  {
    ...{ alert: "MusterNoWorkerForModel", says: "requests wait, another model has all slots" },
    series: { [waiting("interactive")]: steady(3, 40), [slots("other", "free")]: steady(4, 40) },
    looks: [["8m"], ["12m", m]],
  },
  {
    ...{ alert: "MusterNoWorkerForModel", says: "each request times out before the next comes" },
    series: {
      [waiting("interactive")]: "1 0 0 1 0 0 1 0 0 1 0 0 1 0 0 1 0 0 1 0 0 1 0 0",
      [slots("gemma", "free")]: steady(0, 24),
    },
    looks: [["20m", m]],
  },
  {
    ...{ alert: "MusterNoWorkerForModel", says: "a worker serves it, and is busy" },
    series: { [waiting("interactive")]: steady(9, 40), [slots("gemma", "used")]: steady(4, 40) },
    looks: [["30m"]],
  },
  {
    ...{ alert: "MusterNoWorkerForModel", says: "it is loaded after eight minutes" },
    series: {
      [waiting("interactive")]: steady(3, 40),
      [slots("gemma", "free")]: inTurn(steady(0, 8), steady(4, 32)),
    },
    looks: [["9m"], ["15m"], ["30m"]],
  },
  {
    ...{ alert: "MusterNoWorkerForModel", says: "only lines of batches wait" },
    series: { [waiting("batch")]: steady(900, 40) },
    looks: [["30m"]],
  },
  {
    ...{ alert: "MusterRequestsWaitLong", says: "somebody waits all the time" },
    series: { [oldest("interactive")]: steady(45, 20) },
    looks: [["3m"], ["8m", m]],
  },
  {
    ...{ alert: "MusterRequestsWaitLong", says: "it is short again and again, and batches wait long" },
    series: {
      [oldest("interactive")]: "45 45 45 2 45 45 45 2 45 45 45 2 45 45 45 2",
      [oldest("batch")]: steady(600, 16),
    },
    looks: [["8m"], ["14m"]],
  },
  {
    ...{ alert: "MusterBatchStalled", says: "lines wait for hours" },
    series: {
      [oldest("batch")]: rising(14_000, 60, 40),
      [of(queueMetrics.lines, { model: "gemma", outcome: "completed" })]: steady(7, 40),
    },
    looks: [["10m"], ["30m", m]],
  },
  {
    ...{ alert: "MusterBatchStalled", says: "another orchestrator answers them, or people wait" },
    series: {
      [oldest("batch")]: steady(20_000, 40),
      [of(queueMetrics.lines, { model: "gemma", outcome: "completed" })]: rising(0, 1, 40),
      [of(queueMetrics.laneOldestWait, { model: "other", class: "interactive" })]: steady(20_000, 40),
    },
    looks: [["30m"]],
  },
  {
    ...{ alert: "MusterFirstTokenBurnFast", says: "three of four are late" },
    series: tokens(1, 4, 80),
    // Twenty requests are there after a few minutes; both windows look at what there is.
    looks: [["3m"], ["25m", { labels: {} }]],
  },
  {
    ...{ alert: "MusterFirstTokenBurnFast", says: "three of four are late, in the words of Prometheus 3" },
    series: {
      [firstTokens("5.0")]: rising(0, 1, 120),
      [firstTokens()]: rising(0, 4, 120),
      [requests("ok")]: rising(0, 4, 120),
    },
    looks: [["25m", { labels: {} }]],
  },
  {
    ...{ alert: "MusterFirstTokenBurnFast", says: "the orchestrator restarts meanwhile" },
    series: {
      [firstTokens("5")]: inTurn(rising(0, 1, 40), rising(0, 1, 60)),
      [firstTokens()]: inTurn(rising(0, 4, 40), rising(0, 4, 60)),
      [requests("ok")]: inTurn(rising(0, 4, 40), rising(0, 4, 60)),
    },
    looks: [
      ["39m", { labels: {} }],
      ["43m", { labels: {} }],
      ["60m", { labels: {} }],
    ],
  },
  {
    ...{ alert: "MusterFirstTokenBurnFast", says: "half are late" },
    series: tokens(2, 4, 120),
    looks: [["25m"]],
  },
  {
    ...{ alert: "MusterFirstTokenBurnFast", says: "it was so, and is over" },
    series: {
      [firstTokens("5")]: inTurn(rising(0, 0, 60), rising(4, 4, 30)),
      [firstTokens()]: rising(0, 4, 90),
      [requests("ok")]: rising(0, 4, 90),
    },
    looks: [["59m", { labels: {} }], ["70m"]],
  },
  {
    ...{ alert: "MusterFirstTokenBurnFast", says: "a few unlucky people in an hour" },
    series: tokens(0, 0.25, 120),
    looks: [["70m"]],
  },
  {
    ...{ alert: "MusterFirstTokenBurnFast", says: "nobody asks" },
    series: tokens(0, 0, 120),
    looks: [["25m"]],
  },
  {
    ...{ alert: "MusterFirstTokenBurnSlow", says: "two of five are late for hours", stepMinutes: 5 },
    series: tokens(3, 5, 90),
    looks: [["10m"], ["390m", { labels: {} }]],
  },
  {
    ...{ alert: "MusterFirstTokenBurnSlow", says: "one of five is late", stepMinutes: 5 },
    series: tokens(4, 5, 90),
    looks: [["390m"]],
  },
  {
    ...{ alert: "MusterErrorBurnFast", says: "one of four fails" },
    series: { [requests("ok")]: rising(0, 3, 120), [requests("server_error")]: rising(0, 1, 120) },
    looks: [["3m"], ["25m", { labels: {} }]],
  },
  {
    ...{
      alert: "MusterErrorBurnFast",
      says: "clients make mistakes, leave, and meet their limits; batches fail",
    },
    series: {
      [requests("ok")]: rising(0, 3, 120),
      [requests("client_error")]: rising(0, 30, 120),
      [requests("cancelled")]: rising(0, 30, 120),
      [requests("rejected")]: rising(0, 30, 120),
      [requests("server_error", { class: "batch" })]: rising(0, 30, 120),
    },
    looks: [["25m"]],
  },
  {
    ...{ alert: "MusterErrorBurnFast", says: "a restart after one bad minute" },
    series: {
      [requests("ok")]: inTurn(rising(0, 30, 60), rising(0, 30, 60)),
      [requests("server_error")]: inTurn(steady(0, 30), steady(40, 30), steady(0, 60)),
    },
    looks: [["58m"], ["62m"], ["70m"]],
  },
  {
    ...{ alert: "MusterErrorBurnSlow", says: "one of ten waits too long for hours", stepMinutes: 5 },
    series: { [requests("ok")]: rising(0, 9, 90), [requests("timeout")]: rising(0, 1, 90) },
    looks: [["10m"], ["390m", { labels: {} }]],
  },
  {
    ...{
      alert: "MusterErrorBurnSlow",
      says: "one of fifty fails, and no scrapes for half an hour",
      stepMinutes: 5,
    },
    series: {
      [requests("ok")]: inTurn(rising(0, 49, 40), gap(6), rising(2_254, 49, 44)),
      [requests("server_error")]: inTurn(rising(0, 1, 40), gap(6), rising(46, 1, 44)),
    },
    looks: [["150m"], ["215m"], ["235m"], ["390m"]],
  },
  {
    ...{ alert: "MusterModelErrors", says: "one of five fails, of one model" },
    series: {
      [requests("ok")]: rising(0, 8, 60),
      [requests("server_error")]: rising(0, 2, 60),
      [requests("ok", { model: "other" })]: rising(0, 90, 60),
    },
    looks: [["8m"], ["30m", { ...m, value: "20%" }]],
  },
  {
    ...{ alert: "MusterModelErrors", says: "none fails, or nobody asks" },
    series: {
      [requests("ok")]: rising(0, 8, 60),
      [requests("server_error", { model: "other" })]: steady(7, 60),
    },
    looks: [["30m"]],
  },
  {
    ...{ alert: "MusterFencedResults", says: "a fifth of the work is lost" },
    series: {
      [of(queueMetrics.fencedResults, { reason: "already" })]: rising(0, 1, 120),
      [of(queueMetrics.lines, { model: "gemma", outcome: "completed" })]: rising(0, 5, 120),
    },
    looks: [["10m"], ["75m", { labels: {}, value: "60" }]],
  },
  {
    ...{ alert: "MusterFencedResults", says: "there are many lines, and the orchestrator restarts" },
    series: {
      [of(queueMetrics.fencedResults, { reason: "already" })]: inTurn(rising(0, 1, 60), rising(0, 1, 60)),
      [of(queueMetrics.lines, { model: "gemma", outcome: "completed" })]: inTurn(
        rising(0, 100, 60),
        rising(0, 100, 60),
      ),
    },
    looks: [["59m"], ["65m"], ["75m"]],
  },
  {
    ...{ alert: "MusterFencedResults", says: "forged results come while there are no batches" },
    series: { [of(queueMetrics.fencedResults, { reason: "fenced" })]: rising(0, 1, 120) },
    looks: [["75m", { labels: {}, value: "60" }]],
  },
  {
    ...{ alert: "MusterQuotaRefusals", says: "a program begins to ask in a loop", stepMinutes: 5 },
    series: {
      [of(requestMetrics.quotaRefusals, { limit: "requests_per_minute" })]: inTurn(
        rising(0, 1, 96),
        rising(396, 300, 12),
      ),
      [of(requestMetrics.quotaRefusals, { limit: "concurrency" })]: steady(0, 300),
    },
    looks: [["470m"], ["510m", { labels: { limit: "requests_per_minute" } }]],
  },
  {
    ...{ alert: "MusterQuotaRefusals", says: "it is so all day", stepMinutes: 5 },
    series: { [of(requestMetrics.quotaRefusals, { limit: "requests_per_minute" })]: rising(0, 300, 300) },
    looks: [["510m"]],
  },
];
