import { withoutPaths } from "../without-paths.ts";
import type { ClusterFacts } from "./facts.ts";
import { type Found, sizeText, timeText } from "./finding.ts";

const dayMs = 86_400_000;
const graceMs = { redis: 5_000, objects: 20_000, window: 60_000 } as const;
/** Beyond the first share of Redis's memory no more lines of batches are queued. */
const fullest = { problem: 0.75, warning: 0.6 } as const;
/** So much more than what is needed is little. */
const littleTimes = 4;
const soonMs = { clients: 14 * dayMs, authority: 60 * dayMs } as const;

export function troubledRedis({ redis }: ClusterFacts): Found[] {
  if (!redis.isUp)
    return [
      {
        id: "redis_away",
        severity: "problem",
        says: "Redis does not answer: new requests are turned away, and batches stand still.",
        fix: "See whether it runs and can be reached (REDIS_URL). What waited goes on once it is back.",
        graceMs: graceMs.redis,
      },
    ];
  const { memory, policy } = redis;
  const used = memory === undefined || memory.maxBytes === 0 ? 0 : memory.usedBytes / memory.maxBytes;
  return [
    ...(used > fullest.warning
      ? [
          {
            id: "redis_memory",
            severity: used > fullest.problem ? ("problem" as const) : ("warning" as const),
            says:
              used > fullest.problem
                ? `More than ${fullest.problem * 100} % of Redis's memory (${sizeText(memory?.maxBytes ?? 0)}) are in use: no more lines of batches are queued.`
                : `More than ${fullest.warning * 100} % of Redis's memory (${sizeText(memory?.maxBytes ?? 0)}) are in use.`,
            fix: "Give it more (maxmemory), or see what else is kept there.",
            graceMs: 0,
          },
        ]
      : []),
    ...(policy !== undefined && policy !== "noeviction"
      ? [
          {
            id: "redis_policy",
            severity: "problem" as const,
            says: `Redis throws keys away when its memory is full (maxmemory-policy ${policy}): requests would be lost.`,
            fix: "Set maxmemory-policy to noeviction.",
            graceMs: 0,
          },
        ]
      : []),
  ];
}

export function troubledStore({ objectStoreProblem }: ClusterFacts): Found[] {
  if (objectStoreProblem === undefined) return [];
  return [
    {
      id: "object_store_away",
      severity: "problem",
      says: `The object store does not answer: ${withoutPaths(objectStoreProblem).replace(/\.$/, "")}.`,
      fix: "See whether it can be reached (MUSTER_OBJECT_STORE). Batches stand still until then, and new keys do not count.",
      graceMs: graceMs.objects,
    },
  ];
}

export function fullDisks({ disks }: ClusterFacts): Found[] {
  const words = {
    objects: {
      what: "files and batches are",
      effect: "batches wait",
      fix: "Make room there, delete files that nobody needs, or move MUSTER_OBJECT_STORE to a larger disk.",
    },
    mirror: {
      what: "the mirror keeps model files",
      effect: "no more are kept",
      fix: 'Make room there, remove models with "muster models rm", or give it another directory.',
    },
  };
  return disks.flatMap(({ volume, freeBytes, neededBytes }): Found[] => {
    if (freeBytes >= littleTimes * neededBytes) return [];
    const { what, effect, fix } = words[volume];
    const isFull = freeBytes < neededBytes;
    const limit = sizeText(isFull ? neededBytes : littleTimes * neededBytes);
    return [
      {
        id: `disk_full:${volume}`,
        severity: isFull ? "problem" : "warning",
        says: `Less than ${limit} are free where ${what}${isFull ? `: ${effect}` : ""}.`,
        fix,
        graceMs: 0,
      },
    ];
  });
}

export function endingCertificates({ certificates, nowMs }: ClusterFacts): Found[] {
  return certificates.flatMap(({ certificate, endsAtMs, isRenewed }): Found[] => {
    const hasEnded = endsAtMs <= nowMs;
    // One that renews itself is looked at only where it has failed to.
    if (!hasEnded && (isRenewed || endsAtMs - nowMs > soonMs[certificate])) return [];
    const what =
      certificate === "clients" ? "certificate that clients are shown" : "certificate of the authority";
    return [
      {
        id: `certificate_ends:${certificate}`,
        severity: hasEnded ? "problem" : "warning",
        says: `The ${what} ${hasEnded ? "has ended" : "ends"} on ${timeText(endsAtMs)}.`,
        fix:
          certificate === "clients"
            ? "Put a new one in its place (MUSTER_TLS_CERT, MUSTER_TLS_KEY): it counts within seconds."
            : 'Begin with a new one in time: "muster trust rotate".',
        graceMs: 0,
      },
    ];
  });
}

export function unreadableRecords({ unreadableRecords: count }: ClusterFacts): Found[] {
  if (count === 0) return [];
  return [
    {
      id: "unreadable_records",
      severity: "warning",
      says: `${count} ${count === 1 ? "record" : "records"} of keys or machines in the object store cannot be read.`,
      fix: '"muster logs orchestrator --level warn" names them. What they allowed is allowed no more: make those keys and invitations anew, and remove the records.',
      graceMs: 0,
    },
  ];
}

/** A batch that will not be done when its window ends. */
export function lateBatches({ batches }: ClusterFacts): Found[] {
  return batches
    .filter(({ expectedEndAtMs, expiresAtMs }) => (expectedEndAtMs ?? 0) > expiresAtMs)
    .map(({ id, tenant, expiresAtMs }) => ({
      id: `batch_late:${id}`,
      severity: "warning",
      says: `The batch ${id} will not be done when its window ends, on ${timeText(expiresAtMs)}, as fast as it goes now.`,
      fix: "Lend more machines. Lines that have no answer by then end up as errors, and can be sent again.",
      graceMs: graceMs.window,
      tenant,
    }));
}

export function openDoors({ isOpen }: ClusterFacts): Found[] {
  if (!isOpen) return [];
  return [
    {
      id: "no_keys",
      severity: "note",
      says: "There is no API key: every program on this machine may do everything, and other machines nothing.",
      fix: 'Make a key: "muster keys create".',
      graceMs: 0,
    },
  ];
}
