import { fleetMetrics, healthMetrics, requestMetrics } from "@muster/orchestrator";
import { job } from "../alerts/health.ts";
import { burns, objectives } from "../objectives.ts";
import { processMetrics, scrapeMetrics } from "../process-metrics.ts";
import { growth, maxOf, perSecond, select } from "../promql.ts";
import { burnRates } from "../recordings.ts";
import { board } from "./board.ts";
import { window } from "./filters.ts";
import { lines, number, table } from "./panels.ts";

const { diskFree, diskSize, redisMemory, certificateExpiry } = healthMetrics;
const allowed = {
  firstToken: 1 - objectives.firstToken.share,
  answered: 1 - objectives.answered.share,
};
const burnLines = (rates: typeof burnRates.firstTokenSlow, share: number) =>
  (["5m", "1h", "6h"] as const).map((over) => ({
    expr: `${rates[over].name} / ${Number(share.toPrecision(6))}`,
    legend: `last ${over}`,
  }));

export const health = board({
  ...{ uid: "muster-health", title: "Health" },
  description: "Alerts, objectives, and the orchestrator with what it stands on: Redis, disks, certificates.",
  variables: [],
  rows: [
    {
      title: "Alerts and objectives",
      panels: [
        table({
          ...{ title: "Alerts", unit: "short", width: 12 },
          description: "firing, or pending: not long enough yet. docs/alerts.md says what to do about each.",
          queries: [
            {
              expr: `max by (alertname, alertstate, severity, model, worker, volume, certificate, instance) (ALERTS{alertname=~"Muster.+"})`,
              legend: "{{alertname}}",
            },
          ],
        }),
        lines({
          ...{
            title: "First tokens: burn rate",
            unit: "short",
            width: 6,
            thresholds: [burns.slow.rate, burns.fast.rate],
          },
          description: `1: just what the objective allows (${objectives.firstToken.share * 100} % within ${objectives.firstToken.boundSeconds} s). Above ${burns.fast.rate} it is used up within two days.`,
          queries: burnLines(burnRates.firstTokenSlow, allowed.firstToken),
          alerts: ["MusterFirstTokenBurnFast", "MusterFirstTokenBurnSlow"],
        }),
        lines({
          ...{
            title: "Failures: burn rate",
            unit: "short",
            width: 6,
            thresholds: [burns.slow.rate, burns.fast.rate],
          },
          description: `1: just what the objective allows (${objectives.answered.share * 100} % are answered).`,
          queries: burnLines(burnRates.requestsFailed, allowed.answered),
          alerts: ["MusterErrorBurnFast", "MusterErrorBurnSlow"],
        }),
      ],
    },
    {
      title: "Orchestrators",
      panels: [
        number({
          ...{ title: "Scraped", unit: "short", width: 6, thresholds: [1, 1], isLowBad: true },
          description: "1: the last scrape of this orchestrator went well.",
          queries: [{ expr: select(scrapeMetrics.up, { job }), legend: "{{instance}}" }],
          alerts: ["MusterDown", "MusterNotScraped"],
        }),
        number({
          ...{ title: "Up for", unit: "s", width: 6 },
          description: "Since the orchestrator started.",
          queries: [
            { expr: `time() - ${select(processMetrics.startTime, { job })}`, legend: "{{instance}}" },
          ],
        }),
        table({
          ...{ title: "Versions", unit: "short", width: 12 },
          description: "What runs where.",
          queries: [
            {
              expr: `max by (instance, version, node) (${select(healthMetrics.build)})`,
              legend: "{{instance}}",
            },
          ],
        }),
        lines({
          ...{ title: "Event loop", unit: "s", width: 8, thresholds: [0.1, 0.25] },
          description: "99 of 100 timers are at most this late; so are tokens.",
          queries: [{ expr: select(processMetrics.eventLoopLag, { job }), legend: "{{instance}}" }],
          alerts: ["MusterEventLoopLag"],
        }),
        lines({
          ...{ title: "Processor", unit: "percentunit", width: 8, thresholds: [0.7, 0.9] },
          description: "1 is one core, and more than one it cannot use for streams.",
          queries: [
            {
              expr: perSecond(processMetrics.cpu, { by: ["instance"], where: { job }, window }),
              legend: "{{instance}}",
            },
          ],
          alerts: ["MusterEventLoopLag"],
        }),
        lines({
          ...{ title: "Memory", unit: "bytes", width: 8 },
          description: "Of the process, and of that the program's objects.",
          queries: [
            { expr: select(processMetrics.residentMemory, { job }), legend: "{{instance}} process" },
            { expr: select(processMetrics.heap, { job }), legend: "{{instance}} objects" },
          ],
        }),
        lines({
          ...{ title: "Open files and connections", unit: "short", width: 8 },
          description: "Near the system's limit nobody can connect.",
          queries: [{ expr: select(processMetrics.openFiles, { job }), legend: "{{instance}}" }],
        }),
        lines({
          ...{ title: "Who looks", unit: "short", width: 8 },
          description: "Dashboards and terminals that follow the live view.",
          queries: [{ expr: select(healthMetrics.liveClients), legend: "{{instance}}" }],
        }),
        lines({
          ...{ title: "Refused by limits, last hour", unit: "short", width: 8 },
          description: "Requests, batches and files that a limit of their key kept out.",
          queries: [
            {
              expr: growth(requestMetrics.quotaRefusals, { by: ["limit"], window: "1h" }),
              legend: "{{limit}}",
            },
          ],
          alerts: ["MusterQuotaRefusals"],
        }),
      ],
    },
    {
      title: "What it stands on",
      panels: [
        number({
          ...{ title: "Redis", unit: "short", width: 6, thresholds: [1, 1], isLowBad: true },
          description: "1 while Redis answers.",
          queries: [{ expr: select(healthMetrics.redisUp), legend: "{{instance}}" }],
          alerts: ["MusterRedisDown"],
        }),
        number({
          ...{ title: "Records that cannot be read", unit: "short", width: 6, thresholds: [1, 1] },
          description: "Keys, enrolments and the like in the object store.",
          queries: [{ expr: maxOf(healthMetrics.unreadableRecords), legend: "records" }],
          alerts: ["MusterUnreadableRecords"],
        }),
        number({
          ...{
            title: "Certificates end in",
            unit: "s",
            width: 12,
          },
          description:
            "Muster renews its own: the fleet port's live for a day, those for clients for 30 days.",
          queries: [
            {
              expr: `min by (certificate) (${select(certificateExpiry)}) - time()`,
              legend: "{{certificate}}",
            },
          ],
          alerts: ["MusterCertificateEndsSoon", "MusterCertificateEndsNow"],
        }),
        lines({
          ...{ title: "Redis' memory", unit: "bytes", width: 8 },
          description: "Used, and the most that it may have, where it has a limit.",
          queries: [{ expr: maxOf(redisMemory, { by: ["kind"] }), legend: "{{kind}}" }],
          alerts: ["MusterRedisMemoryHigh"],
        }),
        lines({
          ...{ title: "Redis' latency", unit: "s", width: 8, thresholds: [0.01, 0.1] },
          description: "Of the last PING: every request asks Redis several times.",
          queries: [{ expr: select(healthMetrics.redisLatency), legend: "{{instance}}" }],
        }),
        lines({
          ...{ title: "Free disk", unit: "percentunit", width: 8, max: 1 },
          description: "Where files and batches (objects), model files (mirror) and the rest (data) are.",
          queries: [
            {
              expr: `min by (instance, volume) (${select(diskFree)} / ${select(diskSize)})`,
              legend: "{{instance}} {{volume}}",
            },
          ],
          alerts: ["MusterDiskAlmostFull", "MusterDiskFullSoon"],
        }),
        lines({
          ...{ title: "Replicas without work", unit: "short", width: 12 },
          description:
            "Held back: golden prompts answered wrongly, or awaited. Breaker open: failed too often, or became far slower.",
          queries: [
            { expr: maxOf(fleetMetrics.heldBack, { by: ["model"] }), legend: "{{model}} held back" },
            { expr: maxOf(fleetMetrics.breakersOpen, { by: ["model"] }), legend: "{{model}} breaker open" },
          ],
          alerts: ["MusterReplicaHeldBack", "MusterBreakerOpen"],
        }),
      ],
    },
  ],
});
