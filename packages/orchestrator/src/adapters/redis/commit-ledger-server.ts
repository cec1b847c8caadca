import type { Clock } from "@muster/base";
import type { Redis } from "ioredis";
import { untilReady } from "../common/redis-connection.ts";

export interface ServerInfo {
  /** Names the memory of the server: another after it was started again, or has failed over. */
  readonly run: string;
  /** 0 to 1; 0 where there is no limit. */
  readonly memoryUse: number;
}

/** Without a restart the name changes when a first replica joins: all connections must notice soon. */
const freshMs = 1_000;
const answerTimeoutMs = 2_000;

/**
 * Knows which server a connection leads to. A connection that is new knows nothing until the server has said it, so
 * that what is sent with a name goes to the server of that name.
 */
export class ServerWatch {
  readonly #redis: Redis;
  readonly #clock: Clock;
  #known: { readonly info: ServerInfo; readonly atMs: number } | undefined;
  #asking: Promise<ServerInfo> | undefined;

  constructor(redis: Redis, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
    redis.on("close", () => {
      this.#known = undefined;
      this.#asking = undefined;
    });
  }

  /** Undefined when it has to be asked first. */
  get known(): ServerInfo | undefined {
    const known = this.#known;
    const isFresh = known !== undefined && this.#clock.nowMs() - known.atMs < freshMs;
    return isFresh && this.#redis.status === "ready" ? known.info : undefined;
  }

  /** Rejects within 2 s; at once while the connection waits to be made again. */
  ask(): Promise<ServerInfo> {
    if (this.#asking !== undefined) return this.#asking;
    const asking = this.#ask().finally(() => {
      if (this.#asking === asking) this.#asking = undefined;
    });
    this.#asking = asking;
    return asking;
  }

  async #ask(): Promise<ServerInfo> {
    const { status } = this.#redis;
    if (status === "connecting" || status === "connect") await untilReady(this.#redis, answerTimeoutMs);
    const atMs = this.#clock.nowMs();
    const info = parseInfo(await this.#redis.info());
    this.#known = { info, atMs };
    return info;
  }
}

function parseInfo(text: string): ServerInfo {
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, "m").exec(text)?.[1];
  const runId = field("run_id");
  if (runId === undefined) throw new Error("INFO names no run_id: the user of REDIS_URL needs +info");
  const maxBytes = Number(field("maxmemory") ?? 0);
  return {
    run: `${runId}.${field("master_replid") ?? ""}`,
    memoryUse: maxBytes > 0 ? Number(field("used_memory") ?? 0) / maxBytes : 0,
  };
}
