import { Background, ManualClock, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import { sha256 } from "../adapters/common/sha256.ts";
import { objectKeys } from "../core/batches/keys.ts";
import { createWeekClock } from "../core/fleet/week-clock.ts";
import { testReplicaView, testWorkerView } from "../core/fleet/worker.fixture.ts";
import type { WorkerView } from "../core/fleet/worker.ts";
import { MemoryObjectStore } from "./batches/store.fixture.ts";
import { PresenceKeeper } from "./presence-keeper.ts";
import { PresenceStore } from "./presence-store.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const replica = testReplicaView({ model: "m", slots: 4 });
const here = testWorkerView({ id: "w1", replicas: [replica] });
const ownerHere: WorkerView = {
  ...here,
  state: "away",
  availability: { state: "owner_here", reason: "", policy: "owner-away" },
};
const lost: WorkerView = { ...here, state: "lost" };

/** An orchestrator's keeper with workers that a test sets; time passes minute by minute. */
async function start(
  options: { readonly self?: string; readonly store?: MemoryObjectStore; readonly clock?: ManualClock } = {},
) {
  const { self = "orc-a", store = new MemoryObjectStore(), clock = new ManualClock() } = options;
  const fleet: { views: readonly WorkerView[] } = { views: [here] };
  const background = new Background(silentLog);
  const keeper = new PresenceKeeper({
    ...{ self, clock, background, log: silentLog, week: createWeekClock("UTC") },
    random: () => (self === "orc-a" ? 0 : 0.5),
    workers: () => fleet.views,
    store: new PresenceStore({ store, digest: sha256, log: silentLog }),
  });
  await keeper.start();
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += minuteMs) {
      clock.advance(minuteMs);
      await background.idle();
    }
  };
  const tomorrow = () => keeper.comingDay("w1")?.hours.at(-1)?.likelihood ?? Number.NaN;
  return { store, clock, fleet, keeper, pass, tomorrow };
}

describe("the presence keeper", () => {
  it("learns who is lent when, and says so after a restart", async () => {
    const { store, clock, fleet, keeper, pass, tomorrow } = await start();
    await pass(2 * hourMs);
    expect(tomorrow()).toBe(1);
    fleet.views = [ownerHere];
    await pass(2 * hourMs);
    fleet.views = [here];
    await pass(20 * hourMs);
    await keeper.stop();
    const likely = keeper.comingDay("w1")?.hours.map(({ likelihood }) => Math.round(likelihood * 100));
    expect(likely?.slice(0, 6)).toEqual([
      expect.toSatisfy((each) => each > 95),
      expect.toSatisfy((each) => each > 95),
      expect.toSatisfy((each) => each < 50),
      expect.toSatisfy((each) => each < 50),
      expect.toSatisfy((each) => each > 95),
      expect.toSatisfy((each) => each > 95),
    ]);
    expect(keeper.stayingFor("w1", hourMs)).toBe(1);
    expect(keeper.stayingFor("w1", 4 * hourMs)).toBeLessThan(0.5);
    expect(keeper.stayingFor("w9", hourMs)).toBe(1);

    const restarted = await start({ self: "orc-b", store, clock });
    const again = restarted.keeper
      .comingDay("w1")
      ?.hours.map(({ likelihood }) => Math.round(likelihood * 100));
    expect(again).toEqual(likely);
  });

  it("expects the slots of those that come, and less when those that are here leave", async () => {
    const { fleet, keeper, pass } = await start();
    const other: WorkerView = { ...here, id: "w2", replicas: [testReplicaView({ model: "m", slots: 2 })] };
    // Until noon w1, then w2; for five days.
    for (let day = 0; day < 5; day++) {
      fleet.views = [here, { ...other, state: "lost" }];
      await pass(12 * hourMs);
      fleet.views = [lost, other];
      await pass(12 * hourMs);
    }
    fleet.views = [here, { ...other, state: "lost" }];
    await pass(minuteMs);
    const hours = keeper.expected(["m"]);
    expect(hours[0]?.share).toBe(1);
    expect(hours[3]?.share).toBeGreaterThan(0.9);
    expect(hours[14]?.share).toBeLessThan(0.65);
    expect(keeper.expected(["constructor"])).toEqual([]);
  });

  it("learns nothing of a time in which it slept, or in which it sent the fleet away", async () => {
    const { clock, fleet, keeper, pass } = await start();
    await pass(hourMs);
    const seen = keeper.comingDay("w1")?.hoursSeen ?? 0;
    clock.advance(0);
    fleet.views = [];
    await keeper.stop();
    expect(keeper.comingDay("w1")?.hoursSeen).toBe(seen);
    expect(seen).toBeCloseTo(1, 1);
  });

  it("leaves a worker to the orchestrator that it has moved to", async () => {
    const { store, clock, fleet, keeper, pass } = await start();
    const other = await start({ self: "orc-b", store, clock });
    other.fleet.views = [];
    await pass(hourMs);
    // It has moved: the first sees it no more, the second does.
    fleet.views = [];
    other.fleet.views = [here];
    await pass(3 * hourMs);
    await other.pass(minuteMs);
    const likely = (of: PresenceKeeper) => of.comingDay("w1")?.hours.at(-1)?.likelihood;
    expect(likely(other.keeper)).toBeGreaterThan(0.9);
    expect(likely(keeper)).toBeGreaterThan(0.9);
  });

  it("takes over a worker that nobody learns of any more, and forgets one after 90 days", async () => {
    const { store, clock, keeper, pass } = await start();
    await pass(hourMs);
    await keeper.stop();
    const next = await start({ self: "orc-b", store, clock });
    next.fleet.views = [];
    await next.pass(5 * hourMs);
    expect(next.keeper.comingDay("w1")?.hoursSeen).toBeGreaterThan(4);
    expect(next.keeper.expected(["m"])).toEqual([]);
    await next.keeper.stop();
    clock.advance(91 * dayMs);
    const later = await start({ self: "orc-c", store, clock });
    later.fleet.views = [];
    expect(later.keeper.comingDay("w1")).toBeUndefined();
    expect([...store.objects.keys()]).toEqual([]);
  });

  it("begins anew where a record is damaged", async () => {
    const store = new MemoryObjectStore();
    await store.put(
      objectKeys.presence(sha256("w1")),
      new TextEncoder().encode('{"workerId":"w1","seen":[]}'),
    );
    const { keeper, pass } = await start({ store });
    await pass(11 * minuteMs);
    expect(keeper.comingDay("w1")?.hoursSeen).toBeGreaterThan(0.1);
    expect(new TextDecoder().decode(store.objects.get(objectKeys.presence(sha256("w1"))))).toContain("orc-a");
  });
});
