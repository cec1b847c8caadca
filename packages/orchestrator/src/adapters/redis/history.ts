import type { Log } from "@muster/base";
import { historyKept, type Resolution } from "../../core/live/resolutions.ts";
import { readSample, sampleText } from "../../core/live/sample-text.ts";
import type { HistoryRecord, HistoryStore } from "../../ports/history.ts";
import { connectRedis, type RedisAddress, untilReady } from "../common/redis-connection.ts";

/** Read in pages of a few milliseconds' work: that of others gets its turn in between. */
const pageSize = 100;
const connectMs = 2_000;
/** Of the orchestrator's id: as much as tells it from others. */
const nameLength = 12;

/**
 * A stream for each resolution, of all orchestrators. Redis numbers their entries by its own clock, which so is that of the history: the
 * clocks of several machines need not agree. What is too old is trimmed with each entry that is added.
 */
export function createRedisHistory(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly self: string;
  readonly log: Log;
  /** Instead of the clock of the store: for tests. */
  readonly wallMs?: () => number;
}): HistoryStore {
  const { address, prefix, self, log, wallMs } = options;
  const redis = connectRedis(address, "fails-fast", { log, name: "muster-history" });
  const keyOf = (resolution: Resolution) => `${prefix}:history:${resolution}`;
  /** Of the store's clock, as it was last told: ours may be wrong, and would trim what is new. */
  const lastMs: Record<Resolution, number> = { fine: 0, middle: 0, coarse: 0 };

  return {
    async add(resolution, sample) {
      const { keptMs } = historyKept[resolution];
      const key = keyOf(resolution);
      const oldestMs = Math.max(0, lastMs[resolution] - keptMs);
      // Where the store has to make room for what it needs, it may take this.
      const id = wallMs === undefined ? "*" : `${wallMs()}-*`;
      const answers = await redis
        .pipeline()
        .xadd(
          key,
          "MINID",
          "~",
          String(oldestMs),
          id,
          "o",
          self.slice(0, nameLength),
          "s",
          sampleText(sample),
        )
        .pexpire(key, 2 * keptMs)
        .exec();
      const [error, added] = answers?.[0] ?? [new Error("no answer"), undefined];
      if (error !== null) throw error;
      lastMs[resolution] = timeOf(String(added));
    },
    async *read(resolution, { sinceMs, untilMs }) {
      await untilReady(redis, connectMs);
      let from = String(Math.max(0, Math.floor(sinceMs)));
      for (;;) {
        const to = String(Math.ceil(untilMs));
        const entries = await redis.xrange(keyOf(resolution), from, to, "COUNT", pageSize);
        yield entries.flatMap(recordOf);
        const last = entries.at(-1);
        if (last === undefined || entries.length < pageSize) return;
        from = `(${last[0]}`;
      }
    },
    close: () => redis.disconnect(),
  };
}

function recordOf([id, fields]: [string, string[]]): HistoryRecord[] {
  const [, orchestrator = "", , text = ""] = fields;
  const sample = readSample(text);
  return sample === undefined ? [] : [{ orchestrator, endMs: timeOf(id), sample }];
}

function timeOf(id: string): number {
  return Number(id.split("-")[0]);
}
