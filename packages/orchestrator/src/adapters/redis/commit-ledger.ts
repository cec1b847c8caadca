import { type Clock, type Log, MusterError, systemClock } from "@muster/base";
import type { Redis } from "ioredis";
import type { Commit, CommitLedger } from "../../ports/commit-ledger.ts";
import { connectRedis, type RedisAddress } from "../common/redis-connection.ts";
import { gathered } from "./commit-ledger-gather.ts";
import { luaScript } from "./commit-ledger-script.ts";
import {
  claimScript,
  closeScript,
  commitScript,
  crashScript,
  leaseScript,
  openScript,
  releaseScript,
  totalFields,
} from "./commit-ledger-scripts.ts";
import { ServerWatch } from "./commit-ledger-server.ts";
import {
  commitArgs,
  parseAnswers,
  parseClaim,
  parsePointer,
  parseState,
  parseVerdict,
  totalValues,
} from "./commit-ledger-words.ts";

/** One call of this many holds Redis for about a millisecond. */
const maxLinesPerCall = 128;
const maxFoldedPerCall = 1_000;

interface Keys {
  readonly state: string;
  readonly done: string;
  readonly pointers: string;
  readonly all: readonly string[];
}

/**
 * The ledger in Redis: for each batch a hash of its state, a bitmap of the lines that are done, and hashes for lines
 * under way. All keys of a batch have one hash tag, so that they lie together on a cluster.
 */
export function createRedisCommitLedger(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly log: Log;
  readonly clock?: Clock;
}): CommitLedger {
  const { address, prefix, log, clock = systemClock } = options;
  const redis = connectRedis(address, "fails-fast", { log, name: "muster-ledger" });
  const server = new ServerWatch(redis, clock);
  const scripts = loadScripts(redis);

  /** `ask` gets the name of the server's memory, and must send what it has to before it waits for anything. */
  const asked = async <T>(ask: (run: string) => Promise<T>): Promise<T> => {
    try {
      return await ask((server.known ?? (await server.ask())).run);
    } catch (cause) {
      throw unavailable(cause);
    }
  };
  const keysOf = (batchId: string): Keys => {
    const base = `${prefix}:ledger:{${batchId}}`;
    const [state, done, pointers] = [base, `${base}:done`, `${base}:pointers`];
    return { state, done, pointers, all: [state, done, `${base}:epochs`, pointers, `${base}:crashes`] };
  };
  const leaseKey = (name: string) => `${prefix}:lease:${name}`;

  const claim = gathered(
    (batchId, claims: readonly { readonly line: number; readonly gen: number }[]) =>
      asked(async (run) => {
        const args = claims.flatMap(({ line, gen }) => [line, gen]);
        const answer = await scripts.claim(keysOf(batchId).all, [run, ...args]);
        const answers = parseAnswers(answer, claims.length);
        return claims.map(({ gen }, index) => parseClaim(answers[index], gen));
      }),
    maxLinesPerCall,
  );
  const commit = gathered(
    (batchId, commits: readonly Commit[]) =>
      asked(async (run) => {
        const answer = await scripts.commit(keysOf(batchId).all, [run, ...commits.flatMap(commitArgs)]);
        return parseAnswers(answer, commits.length).map(parseVerdict);
      }),
    maxLinesPerCall,
  );

  return {
    open: (batchId, { gen, lines, done, totals }) =>
      asked(async (run) => {
        const bits = Buffer.alloc(Math.ceil(lines / 8));
        bits.set(done.subarray(0, bits.length));
        const values = totalValues(totals);
        const fields = totalFields.flatMap((field) => [field, values[field]]);
        return (await scripts.open(keysOf(batchId).all, [run, gen, lines, bits, ...fields])) === 1;
      }),
    state: (batchId) => asked(async (run) => parseState(await redis.hgetall(keysOf(batchId).state), run)),
    claim: (batchId, line, gen) => claim(batchId, { line, gen }),
    commit,
    crashed: (batchId, line, workerId) =>
      asked(async (run) => {
        const workers = await scripts.crash(keysOf(batchId).all, [run, line, workerId]);
        return (workers as readonly unknown[]).map(String);
      }),
    fold: (batchId, lines) =>
      asked(async () => {
        const { pointers } = keysOf(batchId);
        const calls: Promise<unknown>[] = [];
        for (let at = 0; at < lines.length; at += maxFoldedPerCall)
          calls.push(redis.hdel(pointers, ...lines.slice(at, at + maxFoldedPerCall).map(String)));
        await Promise.all(calls);
      }),
    unfolded: (batchId) =>
      asked(async () => {
        const found = await redis.hgetall(keysOf(batchId).pointers);
        return Object.entries(found).map(([line, text]) => ({
          line: Number(line),
          pointer: parsePointer(text),
        }));
      }),
    done: (batchId) => asked(async () => new Uint8Array((await redis.getBuffer(keysOf(batchId).done)) ?? [])),
    close: (batchId) => asked(async () => void (await scripts.close(keysOf(batchId).all, []))),
    forget: (batchId) => asked(async () => void (await redis.unlink(...keysOf(batchId).all))),
    lease: (name, holder, ttlMs) =>
      asked(async () => (await scripts.lease([leaseKey(name)], [holder, Math.ceil(ttlMs)])) === 1),
    release: (name, holder) => asked(async () => void (await scripts.release([leaseKey(name)], [holder]))),
    memoryUse: async () => {
      try {
        return (server.known ?? (await server.ask())).memoryUse;
      } catch (cause) {
        throw unavailable(cause);
      }
    },
    async dispose() {
      redis.disconnect();
    },
  };
}

function loadScripts(redis: Redis) {
  return {
    open: luaScript(redis, openScript),
    claim: luaScript(redis, claimScript),
    commit: luaScript(redis, commitScript),
    crash: luaScript(redis, crashScript),
    close: luaScript(redis, closeScript),
    lease: luaScript(redis, leaseScript),
    release: luaScript(redis, releaseScript),
  };
}

function unavailable(cause: unknown): MusterError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MusterError(
    "store_unavailable",
    `The ledger of batches in Redis does not answer (${why}). Nothing is lost: try again in a few seconds, and if it stays so, look at the server that REDIS_URL names.`,
    { cause, retryAfterMs: 2_000 },
  );
}
