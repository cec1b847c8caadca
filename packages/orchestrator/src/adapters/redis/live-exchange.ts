import type { Clock, Log } from "@muster/base";
import type { Finding } from "../../core/findings/finding.ts";
import { readSample, sampleText } from "../../core/live/sample-text.ts";
import type { LiveExchange, Told } from "../../ports/live-exchange.ts";
import { connectRedis, type RedisAddress } from "../common/redis-connection.ts";

/** A sample that has not changed for this long, by our clock, is nobody's any more. */
const fadeMs = 10_000;
const forgetMs = 120_000;
/** The hash is gone by itself when nobody tells anything any more. */
const keptMs = 600_000;

interface Heard {
  readonly text: string;
  readonly sinceMs: number;
  readonly told: Told | undefined;
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
      if (known?.text !== text) heard.set(orchestrator, { text, sinceMs: nowMs, told: readTold(text) });
      else if (nowMs - known.sinceMs > forgetMs) redis.hdel(key, orchestrator).catch(() => {});
    }
  };

  return {
    async tell(told) {
      beats += 1;
      const answers = await redis
        .pipeline()
        .hset(key, self, `${beats} ${toldText(told)}`)
        .pexpire(key, keptMs)
        .hgetall(key)
        .exec();
      const [error, fields] = answers?.[2] ?? [new Error("no answer"), undefined];
      if (error !== null) throw error;
      hear(fields as Record<string, string>);
    },
    others() {
      const nowMs = clock.nowMs();
      return [...heard.values()].flatMap(({ told, sinceMs }) =>
        told === undefined || nowMs - sinceMs > fadeMs ? [] : [told],
      );
    },
    async close() {
      await redis.hdel(key, self).catch(() => {});
      redis.disconnect();
    },
  };
}

function toldText({ sample, ...others }: Told): string {
  return JSON.stringify({ sample: sampleText(sample), ...others });
}

/** As another orchestrator has written it, perhaps of another version. */
type Written = Partial<Record<"findings" | "lost" | "here", unknown>> & { readonly sample?: unknown };

function readTold(text: string): Told | undefined {
  try {
    const {
      sample: numbers,
      findings,
      lost,
      here,
    } = JSON.parse(text.slice(text.indexOf(" ") + 1)) as Written;
    const sample = typeof numbers === "string" ? readSample(numbers) : undefined;
    if (sample === undefined) return undefined;
    return { sample, findings: listOf(findings).filter(isFinding), lost: names(lost), here: names(here) };
  } catch {
    return undefined;
  }
}

function isFinding(value: unknown): value is Finding {
  if (typeof value !== "object" || value === null) return false;
  const { id, severity, says, fix, sinceMs, tenant } = value as Partial<Record<keyof Finding, unknown>>;
  return (
    (severity === "problem" || severity === "warning" || severity === "note") &&
    [id, says].every((text) => typeof text === "string") &&
    [fix, tenant].every((text) => text === undefined || typeof text === "string") &&
    typeof sinceMs === "number"
  );
}

function names(value: unknown): readonly string[] {
  return listOf(value).filter((name) => typeof name === "string");
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
