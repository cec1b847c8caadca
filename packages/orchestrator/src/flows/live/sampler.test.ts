import { Background, ManualClock, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import { MemoryHistory } from "../../adapters/memory/history.ts";
import { testReplicaView, testWorkerView } from "../../core/fleet/worker.fixture.ts";
import type { WorkerView } from "../../core/fleet/worker.ts";
import type { LiveExchange, Told } from "../../ports/live-exchange.ts";
import type { AskedHere } from "../placement/demand-book.ts";
import { FlowMeter } from "./flow-meter.ts";
import { HistoryKeeper } from "./history-keeper.ts";
import { readHistory } from "./read-history.ts";
import { type Look, Sampler } from "./sampler.ts";

const intervalMs = 2_000;
const spans = { fine: 10_000, middle: 60_000, coarse: 600_000 };
const usage = { promptTokens: 30, cachedTokens: 10, completionTokens: 20 };

/** Orchestrators that hear each other at once. */
class Office {
  readonly told = new Map<string, Told>();

  exchange(self: string): LiveExchange {
    return {
      tell: async (told) => void this.told.set(self, told),
      others: () => [...this.told].flatMap(([name, told]) => (name === self ? [] : [told])),
      close: async () => void this.told.delete(self),
    };
  }
}

function start(office = new Office(), self = "a", clock = new ManualClock()) {
  const log = silentLog;
  const background = new Background(log);
  const meter = new FlowMeter();
  const world = {
    workers: [testWorkerView({ replicas: [testReplicaView({ slotsUsed: 1 })] })] as WorkerView[],
    requests: new Map<string, AskedHere>(),
    lines: new Map<string, number>(),
  };
  const sampler = new Sampler({
    ...{ meter, intervalMs, clock, log, background, exchange: office.exchange(self) },
    ...{ workers: () => world.workers, requests: () => world.requests, linesLeft: () => world.lines },
    findings: () => [],
  });
  const looks: Look[] = [];
  sampler.notify((look) => looks.push(look));
  sampler.start();
  const tick = () => {
    clock.advance(intervalMs);
    const look = looks.at(-1);
    if (look === undefined) throw new Error("unreachable");
    return look.now;
  };
  return { clock, background, meter, world, sampler, tick };
}

describe("a look", () => {
  it("counts tokens once: as they come, and at the end those that did not", () => {
    const { meter, tick } = start();
    meter.tokensCame("m", 12);
    expect(tick().total.generatedTokens).toBe(6);
    meter.tokensUsed({ model: "m" }, usage, 12);
    expect(tick().models.get("m")).toMatchObject({ generatedTokens: 4, promptTokens: 15, cachedTokens: 5 });
    meter.tokensUsed({ model: "m" }, usage);
    expect(tick().total.generatedTokens).toBe(10);
    expect(tick().total.generatedTokens).toBe(0);
  });

  it("counts what ended, and what of it was our fault", () => {
    const { meter, tick } = start();
    for (const outcome of ["ok", "client_error", "cancelled", "server_error", "timeout", "rejected"] as const)
      meter.requestEnded({ model: "m", outcome });
    for (const status of [200, 200, 400, 500]) meter.lineAnswered({ model: "m", status });
    expect(tick().total).toMatchObject({ requests: 5, failures: 2 });
  });

  it("remembers first tokens for a minute", () => {
    const { meter, tick } = start();
    meter.firstToken("m", 200);
    for (let at = 0; at < 30; at++) expect(tick().total.firstTokenP50Ms).toBeCloseTo(200, -2);
    expect(tick().total.firstTokenP50Ms).toBeUndefined();
  });

  it("tells who runs, who waits and for how long, and which lines are left", () => {
    const { world, tick } = start();
    const waiting = { interactive: 2, batch: 1 };
    const running = { interactive: 1, batch: 0 };
    world.requests = new Map([["m", { waiting, running, oldestWaitMs: 4_000 }]]);
    world.lines = new Map([["n", 70]]);
    const { total, models } = tick();
    expect(models.get("m")).toMatchObject({ running: 1, waiting: 3, oldestWaitMs: 4_000 });
    expect(models.get("n")?.linesLeft).toBe(70);
    expect(total).toMatchObject({ running: 1, waiting: 3, linesLeft: 70, oldestWaitMs: 4_000 });
  });

  it("does not show a worker as lost that another orchestrator has", async () => {
    const office = new Office();
    const clock = new ManualClock();
    const here = start(office, "a", clock);
    const there = start(office, "b", clock);
    here.world.workers = [
      testWorkerView({ id: "moved", state: "lost" }),
      testWorkerView({ id: "gone", state: "lost" }),
    ];
    there.world.workers = [testWorkerView({ id: "moved" })];
    for (let at = 0; at < 6; at++) {
      clock.advance(intervalMs);
      await Promise.all([here.background.idle(), there.background.idle()]);
    }
    expect(here.sampler.latest().workers.map(({ id }) => id)).toEqual(["gone"]);
    expect(here.sampler.latest().now.fleet.workers).toMatchObject({ ready: 1, lost: 1 });
    await there.sampler.stop();
  });
});

describe("the history of a process", () => {
  const run = (history: MemoryHistory, clock: ManualClock) => {
    const { meter, sampler, background } = start(new Office(), "a", clock);
    const store = history.store("a", () => clock.wallMs());
    const keeper = new HistoryKeeper({ store, spans, clock, log: silentLog, background });
    sampler.notify(({ own }) => keeper.add(own));
    const work = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += intervalMs) {
        meter.tokensCame("m", 20);
        clock.advance(intervalMs);
        await background.idle();
      }
    };
    const steps = (sinceMs: number, untilMs: number, points: number) =>
      readHistory({ store, spans, wallMs: () => clock.wallMs() }, { sinceMs, untilMs, points });
    return { work, steps, keeper, sampler };
  };

  it("shows the rate of each step, and after a restart neither a spike nor what was before", async () => {
    const history = new MemoryHistory();
    const clock = new ManualClock();
    clock.advance(1_000_000);
    const first = run(history, clock);
    await first.work(60_000);
    await first.keeper.stop();
    await first.sampler.stop();
    clock.advance(60_000);
    const second = run(history, clock);
    await second.work(60_000);
    const { total } = await second.steps(1_000_000, 1_180_000, 18);
    expect(total.generatedTokens.map((value) => value && Math.round(value))).toEqual([
      ...Array.from({ length: 6 }, () => 10),
      ...Array.from({ length: 6 }, () => undefined),
      ...Array.from({ length: 6 }, () => 10),
    ]);
  });

  it("goes on where coarse samples end, and counts nothing twice", async () => {
    const clock = new ManualClock();
    clock.advance(3 * 86_400_000);
    const { work, steps } = run(new MemoryHistory(), clock);
    const sinceMs = clock.wallMs() - 2 * 86_400_000;
    await work(1_500_000);
    const { total } = await steps(sinceMs, clock.wallMs(), 1_000);
    const known = total.generatedTokens.filter((rate) => rate !== undefined);
    expect(known.length).toBeGreaterThan(7);
    for (const rate of known) expect(rate).toBeCloseTo(10, 1);
    expect(total.generatedTokens[0]).toBeUndefined();
  });

  it("reads a day by the minute: a sixth of the samples, with the same tokens", async () => {
    const clock = new ManualClock();
    clock.advance(3 * 86_400_000);
    const history = new MemoryHistory();
    const { work } = run(history, clock);
    await work(3_600_000);
    const store = history.store("a", () => clock.wallMs());
    const readOf = new Map<string, number>();
    const counting: typeof store = {
      ...store,
      async *read(resolution, span) {
        for await (const page of store.read(resolution, span)) {
          readOf.set(resolution, (readOf.get(resolution) ?? 0) + page.length);
          yield page;
        }
      },
    };
    const untilMs = clock.wallMs();
    const { total } = await readHistory(
      { store: counting, spans, wallMs: () => untilMs },
      { sinceMs: untilMs - 86_400_000, untilMs, points: 300 },
    );
    expect(readOf.get("middle")).toBe(60);
    expect(readOf.get("fine")).toBeLessThan(15);
    expect(readOf.get("coarse")).toBeUndefined();
    const known = total.generatedTokens.filter((rate) => rate !== undefined);
    expect(known.length).toBeGreaterThan(10);
    for (const rate of known) expect(rate).toBeCloseTo(10, 1);
  });

  it("has a hole where the store was away, and no lump after it", async () => {
    const clock = new ManualClock();
    const background = new Background(silentLog);
    let isAway = false;
    const kept: number[] = [];
    const store = {
      add: async (_resolution: string, { models }: Look["own"]) => {
        if (isAway) throw new Error("away");
        kept.push(models.get("m")?.generatedTokens ?? 0);
      },
      async *read() {},
      close() {},
    };
    const keeper = new HistoryKeeper({
      store,
      spans: { fine: 2_000, middle: 1e9, coarse: 1e9 },
      clock,
      log: silentLog,
      background,
    });
    const meter = new FlowMeter();
    for (isAway of [false, true, true, false]) {
      meter.tokensCame("m", 7);
      keeper.add({ ms: 2_000, models: meter.take(), fleet: start().sampler.latest().own.fleet });
      await background.idle();
    }
    expect(kept).toEqual([7, 7]);
  });
});
