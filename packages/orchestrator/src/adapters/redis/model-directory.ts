import { type Capability, type Clock, isCapability, type Log } from "@muster/base";
import type { Announcement, AskedModel, ModelDirectory, ServedModel } from "../../ports/model-directory.ts";
import { connectRedis, type RedisAddress } from "../common/redis-connection.ts";

/** An orchestrator whose entry has not changed for this long, by our clock, serves nothing. */
const fadeMs = 10_000;
const forgetMs = 120_000;

interface Seen {
  readonly value: string;
  readonly sinceMs: number;
  readonly said: Announcement;
}

const nothing: Announcement = {
  ...{ served: new Map(), asked: new Map(), loadable: new Map(), coming: new Map() },
};

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
  let total = nothing;
  let others = 0;

  const read = (fields: Readonly<Record<string, string>>): void => {
    const nowMs = clock.nowMs();
    const served = new Map<string, ServedModel>();
    const asked = new Map<string, AskedModel>();
    const loadable = new Map<string, number>();
    others = 0;
    const coming = new Map<string, number>();
    for (const [orchestrator, value] of Object.entries(fields)) {
      if (orchestrator === self) continue;
      const known = seen.get(orchestrator);
      const entry = known?.value === value ? known : { value, sinceMs: nowMs, said: parse(value) };
      seen.set(orchestrator, entry);
      const silentMs = nowMs - entry.sinceMs;
      if (silentMs > forgetMs) {
        seen.delete(orchestrator);
        redis.hdel(key, orchestrator).catch(() => {});
      } else if (silentMs <= fadeMs) {
        const { said } = entry;
        others += 1;
        for (const [model, one] of said.served) served.set(model, added(served.get(model), one));
        for (const [model, one] of said.asked) asked.set(model, askedTogether(asked.get(model), one));
        for (const [model, loadMs] of said.loadable)
          loadable.set(model, Math.min(loadMs, loadable.get(model) ?? loadMs));
        for (const [model, slots] of said.coming) coming.set(model, slots + (coming.get(model) ?? 0));
      }
    }
    total = { served, asked, loadable, coming };
  };

  return {
    async announce({ served, asked, loadable, coming }) {
      beats += 1;
      const models = Object.fromEntries([...served].map(([model, entry]) => [model, toEntry(entry)]));
      const others = {
        asked: Object.fromEntries(asked),
        loadable: Object.fromEntries(loadable),
        coming: Object.fromEntries(coming),
      };
      await redis.hset(key, self, JSON.stringify({ beats, models, ...others }));
      read(await redis.hgetall(key));
    },
    hasOthers: () => others > 0,
    elsewhere: () => total.served,
    askedElsewhere: () => total.asked,
    loadableElsewhere: () => total.loadable,
    comingElsewhere: () => total.coming,
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

function askedTogether(before: AskedModel | undefined, asked: AskedModel): AskedModel {
  if (before === undefined) return asked;
  return {
    interactiveWaiting: before.interactiveWaiting + asked.interactiveWaiting,
    interactiveRunning: before.interactiveRunning + asked.interactiveRunning,
    batchWaiting: before.batchWaiting + asked.batchWaiting,
    batchRunning: before.batchRunning + asked.batchRunning,
    oldestWaitMs: Math.max(before.oldestWaitMs, asked.oldestWaitMs),
  };
}

/** As another orchestrator has written it; an older one says less. */
interface Written {
  readonly models?: Readonly<Record<string, Partial<Entry>>>;
  readonly asked?: Readonly<Record<string, Partial<AskedModel>>>;
  readonly loadable?: Readonly<Record<string, number>>;
  readonly coming?: Readonly<Record<string, number>>;
}

/** Whatever makes no sense is left out. */
function parse(value: string): Announcement {
  try {
    const { models = {}, asked = {}, loadable = {}, coming = {} } = JSON.parse(value) as Written;
    return {
      served: new Map(
        Object.entries(models)
          .filter(([, { slots }]) => Number.isInteger(slots))
          .map(([model, { slots = 0, can = [] }]) => [
            model,
            {
              slots,
              capabilitySets: can.map((names): Set<Capability> => new Set(names.filter(isCapability))),
            },
          ]),
      ),
      asked: new Map(
        Object.entries(asked).map(([model, one]) => [
          model,
          {
            interactiveWaiting: count(one.interactiveWaiting),
            interactiveRunning: count(one.interactiveRunning),
            batchWaiting: count(one.batchWaiting),
            batchRunning: count(one.batchRunning),
            oldestWaitMs: count(one.oldestWaitMs),
          },
        ]),
      ),
      loadable: counts(loadable),
      coming: counts(coming),
    };
  } catch {
    return nothing;
  }
}

function counts(of: Readonly<Record<string, unknown>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(of).map(([model, value]) => [model, count(value)]));
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}
