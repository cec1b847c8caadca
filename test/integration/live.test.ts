import type { Finding } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { createBatchApi } from "../harness/batch-api.ts";
import { chatLine } from "../harness/batch-lines.ts";
import { chat, endProcess, eventually, model, startCluster, temporaryDirectory } from "../harness/cluster.ts";
import { keysOf } from "../harness/keys-api.ts";
import { historyOf, LiveFollower } from "../harness/live-api.ts";

/** Ten times as fast as people see it. */
const fast = { liveIntervalMs: 200, historySpans: { fine: 1_000, middle: 2_000, coarse: 5_000 } };

function sumOf(values: readonly (number | null)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

describe("the live view", () => {
  it("says who speaks, then everything, then what changes", async () => {
    const cluster = await startCluster(fast);
    await cluster.worker("desk");
    const live = await LiveFollower.follow(cluster.url);
    await live.until(() => live.latest("batches") !== undefined && live.latest("findings") !== undefined);
    expect(live.events.slice(0, 3).map(({ kind }) => kind)).toEqual(["hello", "now", "workers"]);
    expect(live.latest("hello")).toMatchObject({ interval_seconds: 0.2 });
    await live.until(() => live.latest("now")?.slots.total === 4 && live.workers.size === 1);
    expect([...live.workers.values()]).toMatchObject([
      { name: "desk", state: "ready", replicas: [{ model, state: "ready", slots: 4, slots_used: 0 }] },
    ]);
    expect(live.latest("now")).toMatchObject({
      workers: { ready: 1, lost: 0 },
      slots: { total: 4, used: 0 },
      total: { running: 0, waiting: 0, oldest_wait_seconds: null },
    });
    const full = live.events.filter(
      ({ kind, data }) => kind === "workers" && "is_full" in data && data.is_full,
    );
    await cluster.worker("second");
    await live.until(() => live.workers.size === 2);
    expect(full).toHaveLength(1);
  });

  it("shows the tokens of answers while they are written, and their slots", async () => {
    const cluster = await startCluster(fast);
    await cluster.worker("desk", { stubTokensPerSecond: 100 });
    const live = await LiveFollower.follow(cluster.url);
    const answer = cluster.post("/v1/chat/completions", chat("a b c", { max_tokens: 300, stream: true }));
    await live.until(() => {
      const now = live.latest("now");
      const flow = now?.models[model];
      return (flow?.generated_tokens_per_second ?? 0) > 20 && flow?.running === 1 && now?.slots.used === 1;
    });
    expect(live.latest("now")?.total.first_token_p50_seconds).toBeGreaterThan(0);
    await (await answer).text();
    await live.until(() => (live.latest("now")?.total.requests_per_second ?? 0) > 0);
    await live.until(() => live.latest("now")?.total.generated_tokens_per_second === 0);
  });

  it("shows a worker that leaves as lost, and no longer what it had", async () => {
    const cluster = await startCluster(fast);
    const worker = await cluster.worker("desk");
    const live = await LiveFollower.follow(cluster.url);
    await live.until(() => live.workers.size === 1);
    await worker.stop();
    await live.until(() => [...live.workers.values()].some(({ state }) => state === "lost"));
    await live.until(() => live.latest("now")?.workers["lost"] === 1);
    expect(live.latest("now")?.slots).toEqual({ total: 0, used: 0 });
  });

  it("shows how a batch comes on, and its end, to its own tenant alone", async () => {
    const operator = "an-operator-key-0123456789";
    const cluster = await startCluster({ ...fast, apiKeys: [operator] });
    await cluster.worker("desk", { stubTokensPerSecond: 200, slots: 1 });
    const keys = keysOf(cluster.url, operator);
    const mine = await keys.create({ name: "mine", tenant: "t1", scopes: ["batch", "read"] });
    const other = await keys.create({ name: "other", tenant: "t2", scopes: ["read"] });
    const [admin, owner, stranger] = await Promise.all(
      [operator, mine.key, other.key].map((key) => LiveFollower.follow(cluster.url, key)),
    );
    const api = createBatchApi({ url: () => cluster.url, key: mine.key });
    const lines = Array.from({ length: 40 }, (_, line) => chatLine(line, "one two three four"));
    const { id } = await api.create((await api.upload(lines.join("\n"))).id, { metadata: { name: "night" } });
    await owner?.until(() => {
      const batch = owner.batches.get(id);
      return batch !== undefined && batch.completed > 0 && batch.completed < batch.total;
    });
    expect(owner?.batches.get(id)).toMatchObject({ status: "in_progress", model, name: "night", total: 40 });
    expect(owner?.latest("now")?.models[model]?.lines_left).toBeGreaterThan(0);
    await owner?.until(() => owner.batches.get(id)?.status === "completed");
    await admin?.until(() => admin.batches.get(id)?.completed === 40);
    expect(stranger?.batches.size).toBe(0);
    expect(stranger?.latest("batches")).toEqual({ is_full: true, data: [], gone: [] });
  });

  it("ends for a key that is revoked, and goes on for others", async () => {
    const operator = "an-operator-key-0123456789";
    const cluster = await startCluster({ ...fast, apiKeys: [operator] });
    const keys = keysOf(cluster.url, operator);
    const made = await keys.create({ name: "screen", scopes: ["read"] });
    const live = await LiveFollower.follow(cluster.url, made.key);
    const other = await LiveFollower.follow(cluster.url, operator);
    await keys.revoke(made.id);
    await live.ended;
    const told = other.events.length;
    await other.until(() => other.events.length > told + 2);
    await expect(LiveFollower.follow(cluster.url, made.key)).rejects.toThrow("401");
  });

  it("ends with the orchestrator, which does not wait for it", async () => {
    const cluster = await startCluster(fast);
    const live = await LiveFollower.follow(cluster.url);
    const stopping = cluster.orchestrator.stop();
    await live.ended;
    await stopping;
  });

  it("is of the whole cluster, whichever orchestrator is asked", async () => {
    const redisPrefix = `live-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const first = await startCluster({ ...fast, redisPrefix });
    const second = await startCluster({ ...fast, redisPrefix });
    await first.worker("one");
    await second.worker("two");
    const live = await LiveFollower.follow(first.url);
    await live.until(() => live.latest("now")?.slots.total === 8);
    expect(live.latest("now")?.workers["ready"]).toBe(2);
    await second.orchestrator.stop();
    await live.until(() => live.latest("now")?.slots.total === 4);
  });
});

describe("the history", () => {
  it("shows what was just done, by any orchestrator, and nothing of the time before", async () => {
    const redisPrefix = `history-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const first = await startCluster({ ...fast, redisPrefix });
    const second = await startCluster({ ...fast, redisPrefix });
    await first.worker("one");
    await second.worker("two");
    for (const cluster of [first, second]) {
      const answer = await cluster.post("/v1/chat/completions", chat("a b c", { max_tokens: 50 }));
      expect(answer.status).toBe(200);
      await answer.text();
    }
    const since = Date.now() / 1_000 - 60;
    const most = (values: readonly (number | null)[] = []) => Math.max(...values.map((value) => value ?? 0));
    await eventually(async () => {
      const {
        total,
        step_seconds: step,
        slots_total: slots,
      } = await historyOf(second.url, `?since=${since}&points=100`);
      const requests = sumOf(total.requests_per_second) * step;
      const tokens = sumOf(total.generated_tokens_per_second) * step;
      // What is known of a part of a step stands for all of it: sums are near, not equal.
      return requests > 1 && requests < 6 && tokens > 50 && tokens < 300 && most(slots) > 7.9;
    });
    const history = await historyOf(first.url, `?since=${since}&points=100`);
    expect(history.step_seconds).toBe(1);
    expect(history.at).toHaveLength(history.total.running.length);
    expect(history.total.running[0]).toBeNull();
    // A step's share of samples that are late by a little is near, not equal.
    expect(most(history.slots_total)).toBeCloseTo(8, 0);
    expect(most(history.workers["ready"])).toBeCloseTo(2, 0);
    expect(history.total.first_token_p50_seconds.some((value) => value !== null && value > 0)).toBe(true);
    expect(Object.keys(history.models)).toEqual([model]);
  });

  it("says what is wrong with a span", async () => {
    const { url } = await startCluster(fast);
    const now = Date.now() / 1_000;
    await expect(historyOf(url, `?since=${now - 10}&until=${now - 20}`)).rejects.toThrow(/400.*before until/);
    await expect(historyOf(url, `?since=${now - 40 * 86_400}`)).rejects.toThrow(/400.*more than 30 days/);
    await expect(historyOf(url, `?until=${now + 9_999}`)).rejects.toThrow(/400.*in the future/);
    await expect(historyOf(url, "?points=0")).rejects.toThrow("400");
    await expect(historyOf(url, "?points=1001")).rejects.toThrow("400");
    await expect(historyOf(url, "?since=yesterday")).rejects.toThrow(/400.*Unix seconds/);
  });
});

describe("findings", () => {
  const operator = "an-operator-key-0123456789";
  const findingsOf = async (url: string, key = operator): Promise<readonly Finding[]> => {
    const response = await fetch(`${url}/cluster/v1/findings`, {
      headers: { authorization: `Bearer ${key}` },
    });
    return ((await response.json()) as { data: Finding[] }).data;
  };

  it("are none in a healthy cluster, and one where nobody needs a key", async () => {
    const closed = await startCluster({ ...fast, apiKeys: [operator] });
    await closed.worker("desk");
    const live = await LiveFollower.follow(closed.url, operator);
    await live.until(() => live.events.filter(({ kind }) => kind === "now").length > 10);
    expect(live.latest("findings")).toEqual([]);
    expect(await findingsOf(closed.url)).toEqual([]);
    const open = await startCluster(fast);
    await open.worker("desk");
    await eventually(async () => (await findingsOf(open.url)).length > 0);
    expect(await findingsOf(open.url)).toMatchObject([{ id: "no_keys", severity: "note" }]);
  });

  it("name a worker that was lost, at every orchestrator, until it is back at any", async () => {
    const redisPrefix = `found-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const shared = { ...fast, redisPrefix, apiKeys: [operator] };
    const objectStore = await temporaryDirectory();
    const first = await startCluster({ ...shared, objectStore });
    const second = await startCluster({ ...shared, objectStore });
    const child = await first.workerProcess("desk");
    await endProcess(child);
    const isTold = async (url: string) =>
      (await findingsOf(url)).some(({ id }) => id.startsWith("worker_lost:"));
    await eventually(async () => (await isTold(first.url)) && (await isTold(second.url)), 40_000);
    const [lost] = await findingsOf(second.url);
    expect(lost).toMatchObject({
      severity: "warning",
      says: expect.stringContaining("The worker desk was lost"),
    });
    expect(Date.now() / 1_000 - (lost?.since ?? 0)).toBeLessThan(60);
  });
});
