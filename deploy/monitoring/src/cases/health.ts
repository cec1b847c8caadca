import { healthMetrics } from "@muster/orchestrator";
import { processMetrics, scrapeMetrics } from "../process-metrics.ts";
import { type Case, gap, inTurn, of, rising, steady } from "./case.ts";

const one = { job: "muster", instance: "one:11500" };
const gib = 1024 ** 3;
const up = of(scrapeMetrics.up, one);
const build = of(healthMetrics.build, { ...one, version: "1.0.0", node: "v20" });
const redisUp = of(healthMetrics.redisUp, one);
const memory = (kind: string) => of(healthMetrics.redisMemory, { ...one, kind });
const objects = { ...one, volume: "objects" };
const free = of(healthMetrics.diskFree, objects);
const size = of(healthMetrics.diskSize, objects);
const certificate = (name: string) => of(healthMetrics.certificateExpiry, { ...one, certificate: name });
const lag = of(processMetrics.eventLoopLag, one);
const unreadable = of(healthMetrics.unreadableRecords, one);
/** Scrapes, a quarter of an hour apart. */
const hours = (count: number) => count * 4;
const daySeconds = 86_400;

export const healthCases: readonly Case[] = [
  {
    ...{ alert: "MusterDown", says: "scrapes fail" },
    series: { [up]: inTurn(steady(1, 5), steady(0, 10)) },
    looks: [["4m"], ["6m"], ["9m", { labels: one }]],
  },
  {
    ...{ alert: "MusterDown", says: "it restarts, and somebody else's job is down" },
    series: {
      [up]: inTurn(steady(1, 5), steady(0, 1), steady(1, 10)),
      [of(scrapeMetrics.up, { job: "other", instance: "two" })]: steady(0, 16),
    },
    looks: [["6m"], ["10m"]],
  },
  {
    ...{ alert: "MusterNotScraped", says: "nothing has come for long" },
    series: { [build]: inTurn(steady(1, 5), gap(20)) },
    // What was scraped last counts for five minutes.
    looks: [["9m"], ["20m", { labels: { job: "muster" } }]],
  },
  {
    ...{ alert: "MusterNotScraped", says: "a few scrapes are missing" },
    series: { [build]: inTurn(steady(1, 5), gap(6), steady(1, 10)) },
    looks: [["10m"], ["20m"]],
  },
  {
    ...{ alert: "MusterRedisDown", says: "it does not answer" },
    series: { [redisUp]: inTurn(steady(1, 5), steady(0, 10)) },
    looks: [["4m"], ["8m", { labels: one }]],
  },
  {
    ...{ alert: "MusterRedisDown", says: "it restarts, and a scrape is missing" },
    series: { [redisUp]: inTurn(steady(1, 5), steady(0, 1), gap(1), steady(1, 10)) },
    looks: [["5m"], ["8m"]],
  },
  {
    ...{ alert: "MusterRedisMemoryHigh", says: "nine tenths are used" },
    series: { [memory("used")]: steady(0.9 * gib, 30), [memory("max")]: steady(gib, 30) },
    looks: [["5m"], ["15m", { labels: {}, value: "90%" }]],
  },
  {
    ...{ alert: "MusterRedisMemoryHigh", says: "it has no limit" },
    series: { [memory("used")]: steady(900 * gib, 30) },
    looks: [["15m"]],
  },
  {
    ...{ alert: "MusterDiskAlmostFull", says: "one part in twenty is left" },
    series: { [free]: steady(5 * gib, 30), [size]: steady(100 * gib, 30) },
    looks: [["5m"], ["15m", { labels: objects, value: "5%" }]],
  },
  {
    ...{ alert: "MusterDiskAlmostFull", says: "a tenth is left" },
    series: { [free]: steady(10 * gib, 30), [size]: steady(100 * gib, 30) },
    looks: [["15m"]],
  },
  {
    ...{ alert: "MusterDiskFullSoon", says: "three GiB less each hour", stepMinutes: 5 },
    series: { [free]: rising(39 * gib, -gib / 4, 108), [size]: steady(100 * gib, 108) },
    looks: [["30m"], ["360m", { labels: objects }]],
  },
  {
    ...{
      alert: "MusterDiskFullSoon",
      says: "it grows on a disk that is nearly empty, or hardly grows",
      stepMinutes: 5,
    },
    series: {
      [free]: rising(90 * gib, -gib / 4, 108),
      [size]: steady(100 * gib, 108),
      [of(healthMetrics.diskFree, { ...one, volume: "mirror" })]: rising(30 * gib, -gib / 20, 108),
      [of(healthMetrics.diskSize, { ...one, volume: "mirror" })]: steady(100 * gib, 108),
    },
    looks: [["360m"]],
  },
  {
    ...{
      alert: "MusterCertificateEndsSoon",
      says: "a file that nobody renews ends in days",
      stepMinutes: 15,
    },
    series: { [certificate("clients")]: steady(5 * daySeconds, hours(24)) },
    looks: [["17h"], ["19h", { labels: { ...one, certificate: "clients" }, value: "4d 5h 0m 0s" }]],
  },
  {
    ...{
      alert: "MusterCertificateEndsSoon",
      says: "Muster's own is renewed every 16 hours",
      stepMinutes: 15,
    },
    series: {
      [certificate("fleet")]: inTurn(
        steady(daySeconds, hours(16)),
        steady(daySeconds + 16 * 3_600, hours(16)),
        steady(daySeconds + 32 * 3_600, hours(16)),
      ),
      [certificate("clients")]: steady(11 * daySeconds, hours(48)),
      [certificate("authority")]: steady(3_650 * daySeconds, hours(48)),
    },
    looks: [["15h"], ["20h"], ["35h"], ["47h"]],
  },
  {
    ...{ alert: "MusterCertificateEndsNow", says: "Muster's own is no longer renewed", stepMinutes: 15 },
    series: {
      [certificate("fleet")]: inTurn(
        steady(daySeconds, hours(16)),
        steady(daySeconds + 16 * 3_600, hours(20)),
      ),
    },
    looks: [["30h"], ["35h", { labels: { ...one, certificate: "fleet" }, value: "5h 0m 0s" }]],
  },
  {
    ...{ alert: "MusterCertificateEndsNow", says: "there are five days left", stepMinutes: 15 },
    series: { [certificate("clients")]: steady(5 * daySeconds, hours(24)) },
    looks: [["19h"]],
  },
  {
    ...{ alert: "MusterEventLoopLag", says: "its core is full" },
    series: { [lag]: steady(0.5, 30) },
    looks: [["5m"], ["15m", { labels: one, value: "500ms" }]],
  },
  {
    ...{ alert: "MusterEventLoopLag", says: "it was busy for a moment" },
    series: { [lag]: inTurn(steady(0.5, 5), steady(0.02, 25)) },
    looks: [["4m"], ["15m"]],
  },
  {
    ...{ alert: "MusterUnreadableRecords", says: "two are broken" },
    series: { [unreadable]: steady(2, 30) },
    looks: [["3m"], ["8m", { labels: one, value: "2" }]],
  },
  {
    ...{ alert: "MusterUnreadableRecords", says: "all can be read" },
    series: { [unreadable]: steady(0, 30) },
    looks: [["8m"]],
  },
];
