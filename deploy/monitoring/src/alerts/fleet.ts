import { fleetMetrics, workerMetrics } from "@muster/orchestrator";
import { fullWithinADay, growth, maxOf, select } from "../promql.ts";
import type { Alert } from "./alert.ts";

const gib = 1024 ** 3;
const lastSeen = `max by (worker) (last_over_time(${select(workerMetrics.up)}[30m]))`;
const freeDisk = select(workerMetrics.freeDisk);

export const fleetAlerts: readonly Alert[] = [
  {
    ...{ name: "MusterWorkerLost", severity: "info", for: "5m" },
    expr: `${lastSeen} == 0`,
    summary: "The worker {{ $labels.worker }} has gone without a word.",
    description:
      "Its requests went elsewhere, its models may not be served any more. Is the machine on, is its network there? Then see its log. A machine that was switched off on purpose: nothing to do, this ends after half an hour.",
    steps: [
      "Is the machine on and on the network? Laptops go to sleep; see docs/lending.md for hours.",
      "On the machine: is the service up, and what does its log say last (`journalctl -u muster-worker -n 50`)?",
      "A certificate that has ended: `muster workers` on the orchestrator shows its enrolment.",
    ],
  },
  {
    ...{ name: "MusterWorkerFlapping", severity: "warning", for: "5m" },
    expr: `${growth(fleetMetrics.workerDisconnects, { by: ["worker"], window: "1h" })} > 5`,
    summary: "The worker {{ $labels.worker }} has lost its link {{ $value | humanize }} times in an hour.",
    description:
      "Each time its requests begin anew elsewhere, and lines of batches may be computed twice. Look at its network (Wi-Fi, VPN) and at its log; drain it (`muster workers drain NAME`) until that is mended.",
    steps: [
      "`muster logs NAME` around the moments of loss: `link lost` has the reason.",
      "Two workers with the same name or the same data folder replace each other for ever: `superseded by a newer session`.",
      "Its event loop: is the machine out of memory (dashboard *Muster / Workers & GPUs*)?",
    ],
  },
  {
    ...{ name: "MusterEngineCrashes", severity: "warning", for: "1m" },
    expr: `${growth(workerMetrics.engineCrashes, { by: ["worker"], window: "1h" })} > 2`,
    summary: "Engines on {{ $labels.worker }} have crashed {{ $value | humanize }} times in an hour.",
    description:
      "Answers broke off and began anew elsewhere. Mostly memory: give the model fewer slots or less context there, or update the driver; `muster logs NAME --level error` has the last words of the engine.",
    steps: [
      "`muster logs NAME --level error`: out of memory, or a fault of the driver?",
      "Less to carry: `MUSTER_MAX_VRAM`, fewer slots, a smaller variant.",
      "Only there: driver and hardware of that machine.",
    ],
  },
  {
    ...{ name: "MusterModelLoadsFail", severity: "warning", for: "1m" },
    expr: `${growth(fleetMetrics.replicaLoads, { by: ["model"], where: { result: "failed" }, window: "1h" })} > 2`,
    summary: "{{ $labels.model }} could not be loaded {{ $value | humanize }} times in an hour.",
    description:
      "Requests for it wait for nothing. `muster workers show NAME` has the error of the last try: a file that is broken or missing, or memory that is not there.",
    steps: [
      "`muster workers show NAME`: the replica's error.",
      "The file: `muster models disk` has what the mirror holds; `muster models rm`, then `muster models pull` gets it anew.",
      "The memory: docs/sizing.md says what a model takes; other programs may have the GPU.",
    ],
  },
  {
    ...{ name: "MusterReplicaHeldBack", severity: "warning", for: "30m" },
    expr: `${maxOf(fleetMetrics.heldBack, { by: ["model"] })} > 0`,
    summary: "A replica of {{ $labels.model }} is ready and gets no work.",
    description:
      "It answers its golden prompts wrongly: its file, driver or GPU is not as it should be. `muster workers` shows which; `muster workers show NAME` has the answers.",
    steps: [
      "docs/canary.md says how replicas are questioned.",
      "Other machines with the same file answer rightly: the driver or the GPU of this one.",
      "None does: the golden prompts may be for another variant.",
    ],
  },
  {
    ...{ name: "MusterBreakerOpen", severity: "warning", for: "15m" },
    expr: `${maxOf(fleetMetrics.breakersOpen, { by: ["model"] })} > 0`,
    summary: "A replica of {{ $labels.model }} fails too often, or has become far slower.",
    description:
      "It gets work only where all others are so too. `muster workers` shows which; look whether somebody else uses its GPU, or its engine crashes.",
    steps: [
      "Dashboard *Muster / Workers & GPUs*: memory of others, temperature (a GPU that is too hot slows down), crashes.",
      "It closes by itself after answers that are right and quick again.",
    ],
  },
  {
    ...{ name: "MusterWorkerDiskAlmostFull", severity: "warning", for: "15m" },
    expr: `max by (worker) (${freeDisk}) < ${5 * gib}`,
    summary: "{{ $labels.worker }} has {{ $value | humanize1024 }}B left for model files.",
    description:
      "Models that are not there yet cannot be fetched. Remove model files that nobody asks for, or give that worker another disk (`--model-dir`).",
    steps: [
      "`muster workers show NAME` has the files that are there.",
      "`muster models rm NAME --workers` removes one from every disk where it is not loaded; other programs may fill the same disk.",
    ],
  },
  {
    ...{ name: "MusterWorkerDiskFullSoon", severity: "warning", for: "1h" },
    expr: `max by (worker) (${freeDisk}) < ${50 * gib} and on (worker) (${fullWithinADay(workerMetrics.freeDisk)})`,
    summary: "The disk of {{ $labels.worker }} will be full within a day.",
    description:
      "So it is if the last six hours go on. A model that is being fetched ends by itself; else see what grows there.",
    steps: [
      "As [MusterWorkerDiskAlmostFull](#musterworkerdiskalmostfull).",
      "Other programs of the machine write to the same disk.",
    ],
  },
  {
    ...{ name: "MusterWorkerEventLoopLag", severity: "info", for: "15m" },
    expr: `max by (worker) (${select(workerMetrics.eventLoopLag)}) > 1`,
    summary: "The worker process on {{ $labels.worker }} answers a second late.",
    description:
      "The machine has no processor time or memory left for it: beats come late, and its link may be lost. Lend less of it (docs/lending.md).",
    steps: [
      "Is the machine swapping? Main memory is on the dashboard *Muster / Workers & GPUs*.",
      "Layers on the processor take all cores: `MUSTER_MAX_RAM` or fewer slots.",
    ],
  },
];
