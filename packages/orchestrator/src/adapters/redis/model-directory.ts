import { type Capability, type Clock, isCapability, type Log } from "@muster/base";
import type { ModelDirectory, ServedModel } from "../../ports/model-directory.ts";
import { connectRedis, type RedisAddress } from "../common/redis-connection.ts";

/** An orchestrator whose entry has not changed for this long, by our clock, serves nothing. */
const fadeMs = 10_000;
const forgetMs = 120_000;

interface Seen {
  readonly value: string;
  readonly sinceMs: number;
  readonly served: ReadonlyMap<string, ServedModel>;
}

/**
 * One hash: a field for each orchestrator with a count that grows each time. Whether one still lives is told from the
 * growth, not from the clocks of several machines.
 */
export function createRedisModelDirectory(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}): ModelDirectory {
  const { self, clock } = options;
  const key = `${options.prefix}:served`;
  const redis = connectRedis(options.address, "fails-fast", { log: options.log, name: "muster-models" });
  const seen = new Map<string, Seen>();
  let beats = 0;
  let total: ReadonlyMap<string, ServedModel> = new Map();

  const read = (fields: Readonly<Record<string, string>>): void => {
    const nowMs = clock.nowMs();
    const sums = new Map<string, ServedModel>();
    for (const [orchestrator, value] of Object.entries(fields)) {
      if (orchestrator === self) continue;
      const known = seen.get(orchestrator);
      const entry = known?.value === value ? known : { value, sinceMs: nowMs, served: parseServed(value) };
      seen.set(orchestrator, entry);
      const silentMs = nowMs - entry.sinceMs;
      if (silentMs > forgetMs) {
        seen.delete(orchestrator);
        redis.hdel(key, orchestrator).catch(() => {});
      } else if (silentMs <= fadeMs) {
        for (const [model, served] of entry.served) sums.set(model, added(sums.get(model), served));
      }
    }
    total = sums;
  };

  return {
    async announce(served) {
      beats += 1;
      const models = Object.fromEntries([...served].map(([model, entry]) => [model, toEntry(entry)]));
      await redis.hset(key, self, JSON.stringify({ beats, models }));
      read(await redis.hgetall(key));
    },
    elsewhere: () => total,
    async close() {
      await redis.hdel(key, self).catch(() => {});
      redis.disconnect();
    },
  };
}

interface Entry {
  readonly slots: number;
  readonly can: readonly (readonly string[])[];
}

function toEntry({ slots, capabilitySets }: ServedModel): Entry {
  const kinds = new Set(capabilitySets.map((set) => [...set].sort().join(" ")));
  return { slots, can: [...kinds].map((kind) => kind.split(" ")) };
}

function added(before: ServedModel | undefined, served: ServedModel): ServedModel {
  if (before === undefined) return served;
  return {
    slots: before.slots + served.slots,
    capabilitySets: [...before.capabilitySets, ...served.capabilitySets],
  };
}

/** Written by another orchestrator; whatever makes no sense is left out. */
function parseServed(value: string): ReadonlyMap<string, ServedModel> {
  try {
    const { models } = JSON.parse(value) as { models?: Record<string, Partial<Entry>> };
    const entries = Object.entries(models ?? {}).filter(([, { slots }]) => Number.isInteger(slots));
    return new Map(
      entries.map(([model, { slots = 0, can = [] }]) => [
        model,
        { slots, capabilitySets: can.map((names): Set<Capability> => new Set(names.filter(isCapability))) },
      ]),
    );
  } catch {
    return new Map();
  }
}
