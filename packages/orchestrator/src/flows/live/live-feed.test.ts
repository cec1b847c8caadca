import { Background, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../core/findings/finding.ts";
import { testWorkerView } from "../../core/fleet/worker.fixture.ts";
import type { WorkerView } from "../../core/fleet/worker.ts";
import { clusterNow } from "../../core/live/cluster-now.ts";
import { fleetSample } from "../../core/live/fleet-sample.ts";
import type { BatchRow } from "./batch-rows.ts";
import { LiveFeed, type LiveSubscriber } from "./live-feed.ts";
import type { Look } from "./sampler.ts";

class Client implements LiveSubscriber {
  readonly audience: string | undefined;
  readonly told: string[] = [];
  hasRoom = true;
  hasKey = true;
  isEnded = false;

  constructor(audience?: string) {
    this.audience = audience;
  }

  isAllowed(): boolean {
    return this.hasKey;
  }

  send(event: string): void {
    this.told.push(event);
  }

  end(): void {
    this.isEnded = true;
  }

  /** What came since the last time. */
  take(): string[] {
    return this.told.splice(0);
  }
}

function lookAt(workers: readonly WorkerView[]): Look {
  const own = { ms: 2_000, models: new Map(), fleet: fleetSample(workers) };
  return { own, workers, now: clusterNow([own]), foundElsewhere: [] };
}

const batch = (id: string, tenant: string, completed = 0): BatchRow => ({
  ...{ id, tenant, status: "in_progress", model: "m", name: undefined, total: 9, completed, failed: 0 },
  ...{ createdAtMs: 0, expectedEndAtMs: undefined },
});

function start() {
  const background = new Background(silentLog);
  const world = {
    workers: [testWorkerView({ id: "a" }), testWorkerView({ id: "b" })] as WorkerView[],
    batches: [batch("b1", "t1"), batch("b2", "t2")] as BatchRow[],
    findings: [] as Finding[],
    worded: 0,
  };
  const feed = new LiveFeed({
    ...{ log: silentLog, background },
    latest: () => lookAt(world.workers),
    batches: async () => world.batches,
    findings: (audience) => world.findings.filter(({ tenant }) => (tenant ?? audience) === audience),
    wording: {
      hello: () => "hello",
      now: () => "now",
      workerRow: ({ id, state }) => {
        world.worded += 1;
        return JSON.stringify({ id, state });
      },
      batchRow: ({ id, completed }) => JSON.stringify({ id, completed }),
      findings: (findings) => `findings ${findings.map(({ id }) => id).join()}`,
      rows: (kind, rows) => `${kind} ${rows}`,
    },
  });
  const tick = async () => {
    feed.tick(lookAt(world.workers));
    await background.idle();
  };
  const join = async (client: Client) => {
    const leave = feed.subscribe(client);
    await background.idle();
    return leave;
  };
  return { feed, world, tick, join };
}

const full = (kind: string, ...rows: string[]) =>
  `${kind} {"is_full":true,"data":[${rows.join()}],"gone":[]}`;
const changes = (kind: string, rows: readonly string[], gone: readonly string[] = []) =>
  `${kind} {"is_full":false,"data":[${rows.join()}],"gone":${JSON.stringify(gone)}}`;
const ready = (id: string) => `{"id":"${id}","state":"ready"}`;

describe("the live feed", () => {
  it("takes nobody any more once it is closed: who was told to go would come back at once", () => {
    const { feed } = start();
    const client = new Client();
    feed.subscribe(client);
    feed.close();
    expect(client.isEnded).toBe(true);
    expect(() => feed.subscribe(new Client())).toThrow("shutting down");
    expect(feed.size).toBe(0);
  });

  it("tells everything first, and then changes only", async () => {
    const { world, tick, join } = start();
    const client = new Client();
    await join(client);
    expect(client.take()).toEqual([
      "hello",
      "now",
      full("workers", ready("a"), ready("b")),
      "findings ",
      full("batches", '{"id":"b1","completed":0}', '{"id":"b2","completed":0}'),
    ]);
    await tick();
    expect(client.take()).toEqual(["now"]);
    world.workers = [testWorkerView({ id: "b", state: "lost" }), testWorkerView({ id: "c" })];
    world.batches = [batch("b1", "t1", 4)];
    await tick();
    expect(client.take()).toEqual([
      "now",
      changes("workers", ['{"id":"b","state":"lost"}', ready("c")], ["a"]),
      changes("batches", ['{"id":"b1","completed":4}'], ["b2"]),
    ]);
  });

  it("words each row once, however many follow", async () => {
    const { world, tick, join } = start();
    for (let at = 0; at < 50; at++) await join(new Client());
    expect(world.worded).toBe(2);
    world.workers = [testWorkerView({ id: "a", state: "away" }), testWorkerView({ id: "b" })];
    await tick();
    expect(world.worded).toBe(3);
  });

  it("shows a tenant its own batches and findings, and no trace of others", async () => {
    const { world, tick, join } = start();
    const client = new Client("t1");
    await join(client);
    expect(client.take()).toContain(full("batches", '{"id":"b1","completed":0}'));
    world.batches = [];
    const finding = { severity: "warning", says: "", fix: undefined, sinceMs: 0 } as const;
    world.findings = [
      { ...finding, id: "mine", tenant: "t1" },
      { ...finding, id: "theirs", tenant: "t2" },
    ];
    await tick();
    expect(client.take()).toEqual(["now", "findings mine", changes("batches", [], ["b1"])]);
    world.batches = [batch("b2", "t2", 5)];
    await tick();
    expect(client.take()).toEqual(["now"]);
  });

  it("keeps nothing for who does not read, and tells everything anew once there is room", async () => {
    const { world, tick, join } = start();
    const client = new Client();
    await join(client);
    client.take();
    client.hasRoom = false;
    world.workers = [testWorkerView({ id: "a", state: "away" }), testWorkerView({ id: "b" })];
    for (let at = 0; at < 100; at++) await tick();
    expect(client.take()).toEqual([]);
    client.hasRoom = true;
    await tick();
    const [now, workers, batches] = client.take();
    expect(now).toBe("now");
    expect(workers).toBe(full("workers", '{"id":"a","state":"away"}', ready("b")));
    expect(batches).toContain('batches {"is_full":true');
  });

  it("ends with its key, and does not look at anything once nobody follows", async () => {
    const { feed, world, tick, join } = start();
    const [client, other] = [new Client(), new Client()];
    await join(client);
    const leave = await join(other);
    client.hasKey = false;
    client.take();
    await tick();
    expect(client.isEnded).toBe(true);
    expect(client.take()).toEqual([]);
    expect(other.isEnded).toBe(false);
    leave();
    expect(feed.size).toBe(0);
    world.worded = 0;
    await tick();
    expect(world.worded).toBe(0);
  });

  it("takes so many and no more, and is over when it is closed", async () => {
    const { feed, join } = start();
    const first = new Client();
    await join(first);
    for (let at = 1; at < 200; at++) feed.subscribe(new Client());
    expect(() => feed.subscribe(new Client())).toThrow("200 dashboards and terminals follow");
    feed.close();
    expect(first.isEnded).toBe(true);
    expect(feed.size).toBe(0);
  });
});
