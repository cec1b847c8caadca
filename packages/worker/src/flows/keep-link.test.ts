import { deferred, ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { createStubEngine } from "../adapters/stub/engine.ts";
import type { OrchestratorSays } from "../core/link-messages.ts";
import type { DialResult, OrchestratorLink } from "../ports/orchestrator-link.ts";
import { log, noStore, ScriptedSession, startAssignments } from "./flows.fixture.ts";
import { LinkKeeper } from "./keep-link.ts";
import { ReplicaSet } from "./replica-set.ts";

describe("the link", () => {
  function startLink(dials: (DialResult | (() => DialResult))[]) {
    const clock = new ManualClock();
    const dialled: number[] = [];
    let receive: (message: OrchestratorSays) => void = () => {};
    let onDial = deferred<void>();
    const link: OrchestratorLink = {
      async dial(_hello, receiver) {
        receive = receiver;
        dialled.push(clock.nowMs());
        const next = dials.shift();
        onDial.resolve();
        onDial = deferred<void>();
        if (next === undefined) return { kind: "lost", reason: "no orchestrator" };
        return typeof next === "function" ? next() : next;
      },
    };
    const replicas = new ReplicaSet({
      engine: createStubEngine(),
      store: noStore,
      clock,
      log,
      random: () => 0.5,
      report() {},
      specOf: () => {
        throw new Error("unused");
      },
    });
    const keeper = new LinkKeeper({
      link,
      hello: () => ({
        workerId: "w",
        name: "w",
        version: "0",
        labels: {},
        hardware: {
          hostname: "h",
          platform: "p",
          arch: "a",
          cpuModel: "c",
          physicalCores: 1,
          logicalCores: 1,
          ramBytes: 1,
          freeRamBytes: 1,
          backend: "cpu",
          gpus: [],
        },
        running: [],
        takesPlacement: true,
        engine: "stub",
        engineVersion: undefined,
      }),
      assignments: startAssignments(replicas),
      receive() {},
      readLoad: () => ({ freeRamBytes: 1, cpuLoad: 0 }),
      greeting: () => [{ kind: "draining", reason: "greeting" }],
      clock,
      log,
      random: () => 0.5,
      onConnected() {},
    });
    return {
      keeper,
      clock,
      dialled,
      nextDial: () => onDial.promise,
      hear: (m: OrchestratorSays) => receive(m),
    };
  }

  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it("greets, beats at the interval it was given, and dials again with a growing delay", async () => {
    const session = new ScriptedSession();
    const { keeper, clock, dialled, hear } = startLink([{ kind: "accepted", session }]);
    const running = keeper.run();
    await settled();
    expect(session.said.map((said) => said.kind)).toEqual(["draining", "heartbeat"]);
    clock.advance(1_000);
    hear({ kind: "heartbeat-ack", sequence: 1 });
    clock.advance(1_000);
    expect(session.said.filter((said) => said.kind === "heartbeat")).toHaveLength(3);
    session.lose();
    for (let i = 0; i < 4; i++) {
      await settled();
      clock.advance(60_000);
    }
    await settled();
    expect(dialled.length).toBeGreaterThanOrEqual(4);
    await keeper.close("done");
    await running;
  });

  it("is given up after three beats of silence", async () => {
    const session = new ScriptedSession();
    const { keeper, clock } = startLink([{ kind: "accepted", session }]);
    const running = keeper.run();
    await settled();
    for (let i = 0; i < 5; i++) clock.advance(1_000);
    await expect(session.ended).resolves.toMatchObject({ reason: "abandoned" });
    await keeper.close("done");
    await running;
  });

  it("ends with the orchestrator's reason when this worker is refused for good", async () => {
    const { keeper } = startLink([
      {
        kind: "refused",
        code: "unauthenticated",
        message: "This fleet knows no such worker.",
        isRetryable: false,
      },
    ]);
    await expect(keeper.run()).rejects.toMatchObject({
      code: "unauthenticated",
      message: "This fleet knows no such worker.",
    });
  });

  it("says goodbye when the worker leaves", async () => {
    const session = new ScriptedSession();
    const { keeper } = startLink([{ kind: "accepted", session }]);
    const running = keeper.run();
    await settled();
    await keeper.close("stopped");
    await running;
    expect(session.said.at(-1)).toEqual({ kind: "goodbye", reason: "stopped" });
  });
});
