import type { LiveBatch, LiveNow, LiveWorker } from "@muster/sdk";
import { expect, test } from "vitest";
import { initialLive, type LiveStep, reduceLive } from "./live-state.ts";

const after = (...steps: readonly LiveStep[]) => steps.reduce(reduceLive, initialLive);
const worker = (id: string, cpuLoad = 0) => ({ id, name: id, cpu_load: cpuLoad }) as LiveWorker;
const now = (at: number) => ({ at }) as LiveNow;
const workers = (isFull: boolean, data: readonly LiveWorker[], gone: readonly string[] = []): LiveStep => ({
  kind: "workers",
  data: { is_full: isFull, data, gone },
});

test("changes are laid over what was told before, and what is gone is taken out", () => {
  const state = after(
    workers(true, [worker("a"), worker("b"), worker("c")]),
    workers(false, [worker("b", 0.5), worker("d")], ["c"]),
  );
  expect([...state.workers.keys()]).toEqual(["a", "b", "d"]);
  expect(state.workers.get("b")?.cpu_load).toBe(0.5);
});

test("a worker that has not changed stays the same object, so that nobody draws it again", () => {
  const before = after(workers(true, [worker("a"), worker("b")]));
  const next = reduceLive(before, workers(false, [worker("b", 0.5)]));
  expect(next.workers.get("a")).toBe(before.workers.get("a"));
  expect(reduceLive(next, workers(false, [])).workers).toBe(next.workers);
});

test("a full list after a reconnect replaces the old one", () => {
  const state = after(workers(true, [worker("a"), worker("b")]), workers(true, [worker("b")]));
  expect([...state.workers.keys()]).toEqual(["b"]);
});

test("a break keeps the last picture and says that it is being fetched anew", () => {
  const hello: LiveStep = {
    kind: "hello",
    data: { version: "1", orchestrator_id: "o", started_at: 0, interval_seconds: 2 },
  };
  const state = after(hello, { kind: "now", data: now(10) }, { kind: "broken" });
  expect(state.connection).toBe("reconnecting");
  expect(state.now?.at).toBe(10);
  expect(reduceLive(state, { kind: "opened" }).connection).toBe("open");
  expect(after({ kind: "broken" }).connection).toBe("connecting");
});

test("the recent past is kept for 16 minutes, and no moment twice", () => {
  const moments = Array.from({ length: 700 }, (_, index) => now(index * 2));
  const state = after(...moments.map((data): LiveStep => ({ kind: "now", data })), {
    kind: "now",
    data: now(1_398),
  });
  expect(state.recent.at(-1)?.at).toBe(1_398);
  expect(state.recent[0]?.at).toBe(438);
  expect(state.recent).toHaveLength(481);
});

test("nothing is left for whoever signs in next", () => {
  const batch = { id: "batch_1" } as LiveBatch;
  const state = after(
    workers(true, [worker("a")]),
    { kind: "batches", data: { is_full: true, data: [batch], gone: [] } },
    { kind: "forget" },
  );
  expect(state).toEqual(initialLive);
});
