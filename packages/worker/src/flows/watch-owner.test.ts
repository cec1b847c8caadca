import { Background, ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { createStubEngine } from "../adapters/stub/engine.ts";
import type { LendingRule, Reading } from "../core/idle-policy.ts";
import type { EndOfAttempt, LoadOrder, WorkerSays } from "../core/link-messages.ts";
import type { Engine } from "../ports/engine.ts";
import type { OwnerPresence, PresenceReadings } from "../ports/owner-presence.ts";
import type { Pause, PauseStore } from "../ports/pause-store.ts";
import {
  assignment,
  log,
  noStore,
  ScriptedSession,
  startAssignments,
  startReplica,
  testSpec,
} from "./flows.fixture.ts";
import { GiveWay } from "./give-way.ts";
import { Pauses } from "./pauses.ts";
import { OwnerWatch } from "./watch-owner.ts";

const minuteMs = 60_000;
const ownerAway: LendingRule = { policy: "owner-away", awayAfterMs: 10 * minuteMs };
const known = <T>(value: T): Reading<T> => ({ kind: "known", value });

/** An owner who does what tests say. */
class ScriptedPresence implements OwnerPresence {
  isClosed = false;
  #broken: "fails" | "hangs" | undefined;
  #seen: PresenceReadings = {
    idleMs: known(60 * minuteMs),
    isFullScreen: known(false),
    isOnAcPower: known(true),
    gpu: { isUsedByOthers: false },
  };

  comesBack(): void {
    this.#seen = { ...this.#seen, idleMs: known(0) };
  }

  leaves(): void {
    this.#seen = { ...this.#seen, idleMs: known(60 * minuteMs) };
  }

  /** From here on each look fails, or never ends. */
  breaks(how: "fails" | "hangs"): void {
    this.#broken = how;
  }

  look(): Promise<PresenceReadings> {
    if (this.#broken === "fails") return Promise.reject(new Error("no file descriptors to spare"));
    if (this.#broken === "hangs") return new Promise(() => {});
    return Promise.resolve(this.#seen);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

/** A store that outlives the worker. */
class MemoryPauses implements PauseStore {
  pause: Pause | undefined;

  read(): Promise<Pause | undefined> {
    return Promise.resolve(this.pause);
  }

  async write(pause: Pause | undefined): Promise<void> {
    this.pause = pause;
  }
}

/** What is due now, and all that follows from it without time. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function start(
  options: {
    readonly rule?: LendingRule;
    readonly engine?: Engine;
    readonly pauses?: MemoryPauses;
    readonly administratorPauses?: MemoryPauses;
  } = {},
) {
  const clock = new ManualClock();
  const { replicas, reports, until } = await startReplica(clock, noStore, options.engine);
  const assignments = startAssignments(replicas, clock);
  const session = new ScriptedSession();
  assignments.attach(session);
  const presence = new ScriptedPresence();
  const giveWay = new GiveWay({ assignments, replicas, background: new Background(log), clock });
  const pauses = options.pauses ?? new MemoryPauses();
  const administratorPauses = options.administratorPauses ?? new MemoryPauses();
  const watch = new OwnerWatch({
    rule: options.rule ?? ownerAway,
    presence,
    readGpu: () => ({ isUsedByOthers: false }),
    isMemoryNeeded: () => false,
    pauses: new Pauses({ owner: pauses, administrator: administratorPauses }, clock),
    giveWay,
    localTime: () => ({ weekday: 1, minuteOfDay: 0 }),
    timeText: (wallMs) => `minute ${wallMs / minuteMs}`,
    say: (availability) => session.send({ kind: "availability", availability }),
    clock,
    log,
  });
  await watch.start();
  do await settled();
  while (watch.availability.state === "lending" && reports.at(-1)?.state !== "ready");
  /** Time goes on second by second, as the watch looks. */
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      clock.advance(1_000);
      await settled();
    }
  };
  const stop = async () => {
    await watch.stop();
    assignments.detach();
    await replicas.closeAll();
  };
  const state = () => reports.at(-1)?.state;
  return {
    clock,
    replicas,
    reports,
    until,
    assignments,
    session,
    presence,
    watch,
    pauses,
    administratorPauses,
    pass,
    stop,
    state,
  };
}

const isEnd = (said: WorkerSays): said is EndOfAttempt => said.kind === "end";
const endOf =
  (attemptId: string) =>
  (said: WorkerSays): said is EndOfAttempt =>
    isEnd(said) && said.attemptId === attemptId;
const givenBack = { kind: "failed", code: "given_back" };

describe("an owner who cannot be seen any more", () => {
  it("gets the machine back, and is looked for all the same", async () => {
    const { presence, pass, stop, watch } = await start();
    expect(watch.availability.state).toBe("lending");
    presence.breaks("fails");
    await pass(5);
    expect(watch.availability.state).toBe("unknown");
    expect(watch.availability.reason).toContain("no file descriptors to spare");
    await stop();
  });

  it("gets it back where looking hangs as well", async () => {
    const { presence, pass, stop, watch } = await start();
    presence.breaks("hangs");
    await pass(46);
    expect(watch.availability.state).toBe("unknown");
    expect(watch.availability.reason).toContain("it takes too long");
    await stop();
  });
});

describe("an owner who comes back", () => {
  it("gets lines of batches given back and the memory freed at once; the fleet is told first", async () => {
    const { assignments, presence, session, pass, stop, state, watch } = await start();
    assignments.assign(assignment("line", "!hang", { isWhole: true }));
    presence.comesBack();
    await pass(1);
    expect(await session.until(endOf("line"))).toMatchObject({ result: givenBack, pieces: [] });
    expect(session.said[0]).toMatchObject({ availability: { state: "lending", policy: "owner-away" } });
    const afterwards = session.said.slice(1);
    expect(afterwards.map(({ kind }) => kind)).toEqual(["availability", "end"]);
    expect(afterwards[0]).toMatchObject({ availability: { state: "owner_here" } });
    await settled();
    expect(state()).toBe("unloaded");
    expect(watch.availability.state).toBe("owner_here");
    expect(assignments.givenBackCounts()).toEqual({ interactive: 0, batch: 1 });
    await stop();
  });

  it("waits ten seconds for what people read, and no longer", async () => {
    const { assignments, presence, session, pass, stop, state } = await start();
    assignments.assign(assignment("short", "!wait:5000 go"));
    assignments.assign(assignment("long", "!hang"));
    presence.comesBack();
    await pass(1);
    expect(state()).toBe("ready");
    await pass(5);
    expect(await session.until(endOf("short"))).toMatchObject({ result: { kind: "finished" } });
    expect(session.said.filter(isEnd)).toHaveLength(1);
    await pass(4);
    expect(session.said.filter(isEnd)).toHaveLength(1);
    expect(state()).toBe("ready");
    await pass(1);
    expect(await session.until(endOf("long"))).toMatchObject({ result: givenBack });
    await settled();
    expect(state()).toBe("unloaded");
    expect(assignments.givenBackCounts()).toEqual({ interactive: 1, batch: 0 });
    await stop();
  });

  it("is not kept waiting by an engine that does not stop: it is killed", async () => {
    const { assignments, presence, session, pass, stop, state } = await start({ engine: deafEngine() });
    assignments.assign(assignment("line", "x", { isWhole: true }));
    presence.comesBack();
    await pass(1);
    expect(state()).toBe("ready");
    await pass(2);
    expect(await session.until(endOf("line"))).toMatchObject({ result: givenBack });
    expect(state()).toBe("unloaded");
    await stop();
  });

  it("has work refused, orders too, until the machine is lent again; then the chosen model is loaded again", async () => {
    const { assignments, replicas, reports, presence, session, pass, stop, until } = await start();
    replicas.load(order("ordered"));
    await settled();
    expect(reports.at(-1)).toMatchObject({ replicaId: "ordered", state: "ready" });
    presence.comesBack();
    await pass(1);
    await settled();
    expect(replicas.get("ordered")).toBeUndefined();
    assignments.assign(assignment("late", "go"));
    expect(await session.until(endOf("late"))).toMatchObject({ result: givenBack });
    replicas.load(order("another"));
    expect(reports.slice(-2)).toMatchObject([
      { replicaId: "another", state: "failed", failure: { code: "given_back" } },
      { replicaId: "another", state: "unloaded" },
    ]);
    replicas.add(testSpec({ replicaId: "rep-2" }));
    await settled();
    expect(reports.at(-1)).toMatchObject({ replicaId: "rep-2", state: "unloaded" });
    presence.leaves();
    const ready = until("ready");
    await pass(2);
    await ready;
    await settled();
    expect(replicas.reports().map(({ replicaId, state }) => [replicaId, state])).toEqual([
      ["rep-1", "ready"],
      ["rep-2", "ready"],
    ]);
    assignments.assign(assignment("again", "go"));
    expect(await session.until(endOf("again"))).toMatchObject({ result: { kind: "finished" } });
    await stop();
  });

  it("is noticed without a link as well: the end is for the next one", async () => {
    const { assignments, presence, pass, stop, state } = await start();
    assignments.assign(assignment("line", "!hang", { isWhole: true }));
    assignments.detach();
    presence.comesBack();
    await pass(1);
    await settled();
    expect(state()).toBe("unloaded");
    const next = new ScriptedSession();
    assignments.attach(next);
    expect(next.said).toMatchObject([{ kind: "end", attemptId: "line", result: givenBack }]);
    await stop();
  });
});

describe("a machine whose owner is there from the start", () => {
  it("loads nothing before it is lent", async () => {
    const presence = new ScriptedPresence();
    presence.comesBack();
    const { replicas, reports } = await startReplica();
    await replicas.closeAll();
    reports.length = 0;
    replicas.holdLoads("not lent");
    replicas.add(testSpec());
    await settled();
    expect(reports.map(({ state }) => state)).toEqual(["unloaded"]);
    replicas.resumeLoads();
    await settled();
    expect(reports.at(-1)?.state).toBe("ready");
    await replicas.closeAll();
  });
});

describe("a pause", () => {
  it("gives the machine back under every policy, and ends by itself, with a word, or never", async () => {
    const { watch, session, assignments, pass, stop, state, pauses } = await start({
      rule: { policy: "always" },
    });
    assignments.assign(assignment("line", "!hang", { isWhole: true }));
    await watch.pause("owner", 2 * minuteMs);
    expect(watch.availability).toMatchObject({
      state: "paused",
      reason: expect.stringContaining("minute 2"),
    });
    expect(await session.until(endOf("line"))).toMatchObject({ result: givenBack });
    await settled();
    expect(state()).toBe("unloaded");
    await pass(121);
    expect(watch.availability.state).toBe("lending");
    await watch.pause("owner", undefined);
    expect(pauses.pause).toEqual({ untilMs: undefined });
    await pass(600);
    expect(watch.availability.state).toBe("paused");
    await watch.resume("owner");
    expect(watch.availability.state).toBe("lending");
    expect(pauses.pause).toBeUndefined();
    await settled();
    expect(state()).toBe("ready");
    await stop();
  });

  it("outlives the worker, unless it has run out", async () => {
    const pauses = new MemoryPauses();
    pauses.pause = { untilMs: minuteMs };
    const paused = await start({ rule: { policy: "always" }, pauses });
    expect(paused.watch.availability.state).toBe("paused");
    await paused.stop();
    pauses.pause = { untilMs: -1 };
    const lent = await start({ rule: { policy: "always" }, pauses });
    expect(lent.watch.availability.state).toBe("lending");
    await lent.stop();
    expect(lent.presence.isClosed).toBe(true);
  });

  it("that is taken back within the grace leaves what runs alone", async () => {
    const { watch, assignments, session, pass, stop, state } = await start({ rule: { policy: "always" } });
    assignments.assign(assignment("read", "!wait:20000 go"));
    await watch.pause("owner", undefined);
    await pass(5);
    await watch.resume("owner");
    await pass(16);
    expect(await session.until(endOf("read"))).toMatchObject({ result: { kind: "finished" } });
    expect(state()).toBe("ready");
    await stop();
  });
});

describe("an administrator's pause", () => {
  const rule: LendingRule = { policy: "always" };

  it("gives work back as the owner's does, says who has paused it, and ends by itself", async () => {
    const { watch, session, assignments, pass, stop, state, administratorPauses } = await start({ rule });
    assignments.assign(assignment("line", "!hang", { isWhole: true }));
    await watch.pause("administrator", 2 * minuteMs);
    expect(watch.availability).toMatchObject({
      state: "paused",
      reason: "Paused by an administrator until minute 2.",
    });
    expect(await session.until(endOf("line"))).toMatchObject({ result: givenBack });
    await settled();
    expect(state()).toBe("unloaded");
    expect(administratorPauses.pause).toEqual({ untilMs: 2 * minuteMs });
    await pass(121);
    expect(watch.availability.state).toBe("lending");
    expect(state()).toBe("ready");
    await stop();
  });

  it("is kept apart from the owner's: the administrator ends its own alone", async () => {
    const { watch, stop, pauses, administratorPauses } = await start({ rule });
    await watch.pause("owner", minuteMs);
    await watch.pause("administrator", undefined);
    expect(watch.availability.reason).toBe(
      "Its owner has paused it, until minute 1. Paused by an administrator until muster workers resume.",
    );
    await watch.resume("administrator");
    expect(watch.availability).toMatchObject({
      state: "paused",
      reason: "Its owner has paused it, until minute 1.",
    });
    expect([pauses.pause, administratorPauses.pause]).toEqual([{ untilMs: minuteMs }, undefined]);
    await stop();
  });

  it("is ended by the owner on the machine, with the owner's own", async () => {
    const { watch, stop, pauses, administratorPauses } = await start({ rule });
    await watch.pause("administrator", undefined);
    await watch.pause("owner", undefined);
    await watch.resume("owner");
    expect(watch.availability.state).toBe("lending");
    expect([pauses.pause, administratorPauses.pause]).toEqual([undefined, undefined]);
    await stop();
  });

  it("outlives the worker until its end, whatever the owner's does", async () => {
    const administratorPauses = new MemoryPauses();
    administratorPauses.pause = { untilMs: 2 * minuteMs };
    const { watch, pass, stop } = await start({ rule, administratorPauses });
    expect(watch.availability.state).toBe("paused");
    await pass(119);
    expect(watch.availability.state).toBe("paused");
    await pass(3);
    expect(watch.availability.state).toBe("lending");
    await stop();
  });
});

/** An engine whose answers neither come nor end before it is closed. */
function deafEngine(): Engine {
  const stub = createStubEngine();
  return {
    name: "deaf",
    async load(spec, options) {
      const replica = await stub.load(spec, options);
      return {
        info: replica.info,
        exited: replica.exited,
        async *infer() {
          const { detail } = await replica.exited;
          yield* [];
          throw new Error(detail);
        },
        close: () => replica.close(),
      };
    },
  };
}

function order(replicaId: string): LoadOrder {
  return {
    replicaId,
    modelUri: "stub:m",
    model: "m",
    slots: 1,
    contextTokens: undefined,
    variant: undefined,
    sha256: undefined,
    bytes: undefined,
    gpuLayers: undefined,
    isCpuOnly: false,
    projectorUri: undefined,
  };
}
