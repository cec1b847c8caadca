import type { ReplicaView, WorkerView } from "../fleet/worker.ts";
import type { ClusterFacts } from "./facts.ts";
import { type Found, namesText, sizeText, timeText } from "./finding.ts";

const graceMs = { none: 60_000, lost: 15_000, version: 60_000, crashed: 10_000, hot: 30_000 } as const;
/** So many breaks of the link in half an hour are no accident. */
const flapping = 5;
const hottestCelsius = 90;
const leastDiskBytes = 2e9;

export function noWorkers({ workersEverywhere }: ClusterFacts): Found[] {
  if (workersEverywhere > 0) return [];
  return [
    {
      id: "no_workers",
      severity: "warning",
      says: "No worker is connected.",
      fix: 'Lend a machine: "muster workers invite" gives the line to paste there.',
      graceMs: graceMs.none,
    },
  ];
}

/** Lost without a word, and not back. */
export function lostWorkers({ workers, losses }: ClusterFacts): Found[] {
  return workers
    .filter(({ state }) => state === "lost")
    .flatMap(({ id, name }): Found[] => {
      const loss = losses.findLast(({ workerId }) => workerId === id);
      if (loss === undefined) return [];
      return [
        {
          id: `worker_lost:${id}`,
          severity: "warning",
          says: `The worker ${name} was lost at ${timeText(loss.atMs)}: ${loss.reason}.`,
          fix: 'See whether the machine is on and on the network, and what "muster worker status" says there. What it ran was given to others.',
          sinceMs: loss.atMs,
          graceMs: graceMs.lost,
        },
      ];
    });
}

/** They come and go. */
export function flappingWorkers({ losses }: ClusterFacts): Found[] {
  const counts = new Map<string, { readonly worker: string; count: number }>();
  for (const { workerId, worker } of losses) {
    const known = counts.get(workerId) ?? { worker, count: 0 };
    known.count += 1;
    counts.set(workerId, known);
  }
  return [...counts]
    .filter(([, { count }]) => count >= flapping)
    .map(([id, { worker }]) => ({
      id: `worker_flapping:${id}`,
      severity: "warning",
      says: `The worker ${worker} was lost ${flapping} times or more in half an hour.`,
      fix: "See whether its machine sleeps, or its network is poor. Answers that were under way there began anew elsewhere.",
      graceMs: 0,
    }));
}

export function otherVersions({ version, workers }: ClusterFacts): Found[] {
  const byVersion = new Map<string, string[]>();
  for (const worker of connected(workers))
    if (worker.version !== version)
      byVersion.set(worker.version, [...(byVersion.get(worker.version) ?? []), worker.name]);
  return [...byVersion].map(([other, names]) => ({
    id: `worker_version:${other}`,
    severity: "note",
    says: `${namesText(names)} ${names.length === 1 ? "runs" : "run"} version ${other}, and this orchestrator ${version}.`,
    fix: "They work together. Update the older side when it suits.",
    graceMs: graceMs.version,
  }));
}

/** What is wrong with single replicas. */
export function illReplicas({ workers }: ClusterFacts): Found[] {
  return connected(workers).flatMap((worker) =>
    worker.replicas.flatMap((replica) => {
      const found = illness(replica, worker);
      return found === undefined ? [] : [{ ...found, id: `${found.id}:${worker.id}/${replica.id}` }];
    }),
  );
}

function illness(replica: ReplicaView, { name }: WorkerView): Found | undefined {
  const { model, state, failure, heldBack, isQuarantined, breaker, breakerReason } = replica;
  const where = `${model} on ${name}`;
  const said = failure === undefined ? "" : `: ${failure.message.replace(/\.$/, "")}`;
  if (state === "failed")
    return {
      id: "replica_failed",
      severity: "warning",
      says: `${where} could not be loaded${said}.`,
      fix: `See its log: "muster logs ${name}". Where a file is damaged, or the memory does not suffice, another worker may do better.`,
      graceMs: 0,
    };
  if (state === "crashed")
    return {
      id: "replica_crashed",
      severity: "warning",
      says: `The engine of ${where} has crashed${said}.`,
      fix: `It is started again by itself. If it comes again, see its log, for memory and drivers first: "muster logs ${name}".`,
      graceMs: graceMs.crashed,
    };
  if (isQuarantined)
    return {
      id: "replica_held_back",
      severity: "problem",
      says: `${where} gets no work: ${(heldBack ?? "its answers were wrong").replace(/\.$/, "")}.`,
      fix: "Its hardware or driver may compute wrongly. It is asked again from time to time; until then others do its work.",
      graceMs: 0,
    };
  if (breaker === "closed") return undefined;
  return {
    id: "replica_breaker",
    severity: "warning",
    says: `${where} gets no work where others can do it: ${(breakerReason ?? "it failed too often").replace(/\.$/, "")}.`,
    fix: `It is tried again by itself. If it stays so, see its log: "muster logs ${name}".`,
    graceMs: 0,
  };
}

/** GPUs that throttle, disks that models no longer fit on, files that did not arrive. */
export function troubledMachines({ workers }: ClusterFacts): Found[] {
  return connected(workers).flatMap(({ id, name, load, inventory, takesPlacement }): Found[] => {
    const hot = (load?.gpus ?? []).some(({ temperatureCelsius = 0 }) => temperatureCelsius >= hottestCelsius);
    const freeBytes = inventory?.freeDiskBytes ?? Number.POSITIVE_INFINITY;
    const failed = (inventory?.fetching ?? []).filter(({ problem }) => problem !== undefined);
    return [
      ...(hot
        ? [
            {
              id: `gpu_hot:${id}`,
              severity: "warning" as const,
              says: `A GPU of ${name} has ${hottestCelsius} °C or more.`,
              fix: `It slows down by itself, and may be damaged. See to its cooling, or have it rest: "muster workers pause ${name}".`,
              graceMs: graceMs.hot,
            },
          ]
        : []),
      ...(takesPlacement && freeBytes < leastDiskBytes
        ? [
            {
              id: `worker_disk:${id}`,
              severity: "warning" as const,
              says: `Less than ${sizeText(leastDiskBytes)} are free where ${name} keeps its model files.`,
              fix: 'Make room on that disk, or give model files another one: other models cannot be loaded there. What lies where: "muster models disk".',
              graceMs: 0,
            },
          ]
        : []),
      ...failed.slice(0, 1).map(({ uri, problem }) => ({
        id: `fetch_failed:${id}`,
        severity: "warning" as const,
        says: `${name} could not get ${nameOf(uri)}: ${(problem ?? "").replace(/\.$/, "")}.`,
        fix: "See whether the machine reaches the hub, or the orchestrator's mirror.",
        graceMs: 0,
      })),
    ];
  });
}

function connected(workers: readonly WorkerView[]): readonly WorkerView[] {
  return workers.filter(({ state }) => state !== "lost");
}

/** The file alone: an address may hold what is not for everybody. */
function nameOf(uri: string): string {
  return (uri.split(/[?#]/)[0] ?? "").split(/[/:]/).at(-1) || "a model file";
}
