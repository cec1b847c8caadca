import type { Clock, Log } from "@muster/base";
import type { Sample } from "../../core/live/sample.ts";
import { readSample, sampleText } from "../../core/live/sample-text.ts";
import type { LiveExchange } from "../../ports/live-exchange.ts";
import { connectRedis, type RedisAddress } from "../common/redis-connection.ts";

/** A sample that has not changed for this long, by our clock, is nobody's any more. */
const fadeMs = 10_000;
const forgetMs = 120_000;
/** The hash is gone by itself when nobody tells anything any more. */
const keptMs = 600_000;

interface Heard {
  readonly text: string;
  readonly sinceMs: number;
  readonly sample: Sample | undefined;
}

/** One hash: a field for each orchestrator, with a count that grows each time, as in the directory of models. */
export function createRedisLiveExchange(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}): LiveExchange {
  const { address, self, clock, log } = options;
  const key = `${options.prefix}:live`;
  const redis = connectRedis(address, "fails-fast", { log, name: "muster-live" });
  const heard = new Map<string, Heard>();
  let beats = 0;

  const hear = (fields: Readonly<Record<string, string>>): void => {
    const nowMs = clock.nowMs();
    for (const orchestrator of heard.keys()) if (!(orchestrator in fields)) heard.delete(orchestrator);
    for (const [orchestrator, text] of Object.entries(fields)) {
      if (orchestrator === self) continue;
      const known = heard.get(orchestrator);
      if (known?.text !== text) heard.set(orchestrator, { text, sinceMs: nowMs, sample: readTold(text) });
      else if (nowMs - known.sinceMs > forgetMs) redis.hdel(key, orchestrator).catch(() => {});
    }
  };

  return {
    async tell(sample) {
      beats += 1;
      const answers = await redis
        .pipeline()
        .hset(key, self, `${beats} ${sampleText(sample)}`)
        .pexpire(key, keptMs)
        .hgetall(key)
        .exec();
      const [error, fields] = answers?.[2] ?? [new Error("no answer"), undefined];
      if (error !== null) throw error;
      hear(fields as Record<string, string>);
    },
    others() {
      const nowMs = clock.nowMs();
      return [...heard.values()].flatMap(({ sample, sinceMs }) =>
        sample === undefined || nowMs - sinceMs > fadeMs ? [] : [sample],
      );
    },
    async close() {
      await redis.hdel(key, self).catch(() => {});
      redis.disconnect();
    },
  };
}

function readTold(text: string): Sample | undefined {
  return readSample(text.slice(text.indexOf(" ") + 1));
}
