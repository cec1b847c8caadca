import { silentLog } from "@muster/base";
import { createRedisHistory, historyContract } from "@muster/orchestrator/testing";
import { onTestFinished } from "vitest";
import { testRedis } from "../support/redis.ts";

let prefixes = 0;

historyContract("Redis", async () => {
  const { url } = await testRedis();
  const prefix = `history-${process.pid}-${++prefixes}`;
  let nowMs = Date.UTC(2026, 10, 1);
  const open = (self: string) => {
    const store = createRedisHistory({ address: url, prefix, self, log: silentLog, wallMs: () => nowMs });
    onTestFinished(() => store.close());
    return store;
  };
  const stores = [open("a"), open("b")] as const;
  // Until they are connected.
  for (const store of stores) for await (const _page of store.read("fine", { sinceMs: 0, untilMs: 1 }));
  return {
    stores,
    wallMs: () => nowMs,
    advance(ms) {
      nowMs += ms;
    },
  };
});
