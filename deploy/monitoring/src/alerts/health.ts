import { healthMetrics } from "@muster/orchestrator";
import { processMetrics, scrapeMetrics } from "../process-metrics.ts";
import { fullWithinADay, matchers, maxOf, select } from "../promql.ts";
import type { Alert } from "./alert.ts";

/** The job of prometheus.yml. */
export const job = "muster";

const { diskFree, diskSize, redisMemory, certificateExpiry } = healthMetrics;
const freeShare = `${select(diskFree)} / ${select(diskSize)}`;

/**
 * Muster renews its own certificates: the fleet port's live for a day and have 8 hours left at the least, those for
 * clients 10 days. So only one counts that is the same as it was 17 hours ago.
 */
const ends = (days: number) =>
  `${select(certificateExpiry)} - time() < ${days * 86_400} and ${select(certificateExpiry)} == ${select(certificateExpiry)} offset 17h`;

export const healthAlerts: readonly Alert[] = [
  {
    ...{ name: "MusterDown", severity: "critical", for: "2m" },
    expr: `${select(scrapeMetrics.up, { job })} == 0`,
    summary: "The orchestrator {{ $labels.instance }} does not answer Prometheus.",
    description:
      "It is down, overloaded, or refuses the scrape. Look at its log and at Prometheus' page of targets: 401 is the key, 404 the wrong listener (MUSTER_ADMIN_PORT, MUSTER_METRICS_PORT).",
    steps: [
      "`curl https://HOST:11500/readyz`: does it answer at all? Then `journalctl -u muster-orchestrator -n 50`.",
      "Prometheus, Status / Targets, has the reason of the last failed scrape. A 401: the key was revoked or has ended, see [docs/monitoring.md](monitoring.md).",
      "`x509`: the authority has changed; copy `ca.crt` anew.",
    ],
  },
  {
    ...{ name: "MusterNotScraped", severity: "critical", for: "5m" },
    expr: `absent(${healthMetrics.build.name}${matchers({ job })})`,
    summary: "Prometheus gets no metrics of Muster at all.",
    description:
      "No alert but this one can fire. Is the job in prometheus.yml, is its target right, is an orchestrator running?",
    steps: [
      "Prometheus, Status / Targets: is there a job `muster`, and what does it say?",
      "Then as [MusterDown](#musterdown).",
    ],
  },
  {
    ...{ name: "MusterRedisDown", severity: "critical", for: "1m" },
    expr: `${select(healthMetrics.redisUp)} == 0`,
    summary: "The orchestrator {{ $labels.instance }} does not reach Redis.",
    description:
      "No request is taken until Redis is back; nothing is lost: Redis holds references, and the index of batches is rebuilt. Start Redis, or mend the network to it.",
    steps: [
      "`redis-cli -u $REDIS_URL ping` from the orchestrator's machine.",
      "A Redis that Muster started itself is started again; `muster logs --level warn` says why that fails.",
      "Full memory or disk: [MusterRedisMemoryHigh](#musterredismemoryhigh), [MusterDiskAlmostFull](#musterdiskalmostfull).",
    ],
  },
  {
    ...{ name: "MusterRedisMemoryHigh", severity: "warning", for: "10m" },
    expr: `${maxOf(redisMemory, { where: { kind: "used" } })} / ${maxOf(redisMemory, { where: { kind: "max" } })} > 0.85`,
    summary: "Redis has used {{ $value | humanizePercentage }} of its memory.",
    description:
      "When it is full it refuses to write, and Muster takes no requests. Raise maxmemory, or see who else uses this Redis. Never set an eviction policy: it must be noeviction.",
    steps: [
      "`redis-cli info memory`, `redis-cli --bigkeys`: is it Muster's prefix that grows?",
      "Large batches: about 100 bytes for each line that is left (docs/batches.md).",
      "`redis-cli config set maxmemory 2gb`.",
    ],
  },
  {
    ...{ name: "MusterDiskAlmostFull", severity: "critical", for: "10m" },
    expr: `${freeShare} < 0.08`,
    summary:
      "{{ $value | humanizePercentage }} is left on the disk for {{ $labels.volume }} of {{ $labels.instance }}.",
    description:
      "Uploads and results of batches will be refused when it is full. Delete files that are no longer needed, clear the mirror, or move MUSTER_DATA_DIR to a larger disk.",
    steps: [
      "`objects`: files and batches. Delete them with `DELETE /v1/files/ID`; those with an end go by themselves (docs/batches.md).",
      "`mirror`: model files. `muster models disk`, then `muster models rm`; workers that need one get it from the hub.",
      "`data`: the rest; Redis' own file is there, too.",
    ],
  },
  {
    ...{ name: "MusterDiskFullSoon", severity: "warning", for: "1h" },
    expr: `${freeShare} < 0.4 and ${fullWithinADay(diskFree)}`,
    summary: "The disk for {{ $labels.volume }} of {{ $labels.instance }} will be full within a day.",
    description:
      "So it is if the last six hours go on. A model that is being mirrored ends by itself; else see what grows, and do as for MusterDiskAlmostFull.",
    steps: ["As [MusterDiskAlmostFull](#musterdiskalmostfull), while there is time."],
  },
  {
    ...{ name: "MusterCertificateEndsSoon", severity: "warning", for: "1h" },
    expr: ends(9),
    summary:
      "The certificate {{ $labels.certificate }} of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}.",
    description:
      "Nothing has renewed it. Files of your own: put new ones in their place, they are read without a restart. Muster's own are renewed by themselves: see `muster logs --level error` why this one was not.",
    steps: [
      "`clients`: files (`MUSTER_TLS_CERT`, `MUSTER_TLS_KEY`) are looked at every ten seconds; with `MUSTER_TLS=own` Muster renews it ten days before its end.",
      "`fleet`: what workers see; Muster's own lives for a day and is renewed after 16 hours.",
      "`authority`: change it in time (`muster trust rotate`, docs/trust.md): workers must learn of the next one before this one ends.",
    ],
  },
  {
    ...{ name: "MusterCertificateEndsNow", severity: "critical", for: "10m" },
    expr: ends(3),
    summary:
      "The certificate {{ $labels.certificate }} of {{ $labels.instance }} ends in {{ $value | humanizeDuration }}.",
    description: "Then clients or workers refuse to connect. As MusterCertificateEndsSoon, at once.",
    steps: ["As [MusterCertificateEndsSoon](#mustercertificateendssoon), at once."],
  },
  {
    ...{ name: "MusterEventLoopLag", severity: "warning", for: "10m" },
    expr: `${select(processMetrics.eventLoopLag)} > 0.25`,
    summary: "The orchestrator {{ $labels.instance }} answers {{ $value | humanizeDuration }} late.",
    description:
      "Its one core is full: every token of every stream comes late. Start a second orchestrator on the same Redis, or take load away from the machine.",
    steps: [
      "Dashboard *Muster / Health*: processor time near 1 is Muster's own work; far below it is the machine's (other programs, swapping).",
      "What has grown: streams (in flight), workers, scrapes that are too frequent?",
      "A second orchestrator shares the load: ARCHITECTURE.md, the way of one chat request.",
    ],
  },
  {
    ...{ name: "MusterUnreadableRecords", severity: "warning", for: "5m" },
    expr: `${select(healthMetrics.unreadableRecords)} > 0`,
    summary: "{{ $value }} records in the object store cannot be read.",
    description:
      "Keys, enrolments or the like that were changed by hand, cut off, or written by a newer version do not count. `muster doctor` names them; put them back from the backup.",
    steps: [
      "`muster doctor --cluster` and `muster logs --level error` name the records.",
      "Put them back from the backup of the object store; do not mend them by hand.",
      "After going back to an older version: records of the newer one are kept and not read.",
    ],
  },
];
