import { ManualClock, MusterError } from "@muster/base";
import { expect, onTestFinished, test } from "vitest";
import { createStubEngine } from "../adapters/stub/engine.ts";
import type { ReplicaReport } from "../core/link-messages.ts";
import type { EngineLoadSpec } from "../ports/engine.ts";
import { log, noStore } from "./flows.fixture.ts";
import { type KeeperDeps, ReplicaKeeper, type ReplicaSpec } from "./replica-keeper.ts";

const spec: ReplicaSpec = {
  ...{ replicaId: "rep-1", model: "m", modelUri: "stub:m", slots: 2, contextTokens: 256, threads: 1 },
  ...{ gpu: "auto", isFixed: false, variant: undefined },
};

/** A keeper with an engine that writes down what it is told to load, and its first report that `wanted` takes. */
function keep(change: Partial<ReplicaSpec>, deps: Partial<KeeperDeps> = {}) {
  const clock = new ManualClock();
  const stub = createStubEngine({ clock });
  const loads: EngineLoadSpec[] = [];
  const engine: KeeperDeps["engine"] = {
    name: stub.name,
    load: (given, options) => {
      loads.push(given);
      return stub.load(given, options);
    },
  };
  const until = (state: ReplicaReport["state"]) =>
    new Promise<ReplicaReport>((resolve) => {
      const report = (found: ReplicaReport) => void (found.state === state && resolve(found));
      const parts = { engine, store: noStore, clock, log, random: () => 0.5, report };
      const keeper = new ReplicaKeeper({ ...spec, ...change }, { ...parts, ...deps });
      onTestFinished(() => keeper.close());
      keeper.start();
    });
  return { loads, until };
}

test("what an order says of the GPU and the projector reaches the engine", async () => {
  const { loads, until } = keep({ gpuLayers: 12, projectorUri: "hf:o/r/eyes.gguf" });
  await until("ready");
  expect(loads).toEqual([
    {
      ...{ modelPath: "stub:m", slots: 2, contextTokens: 256, threads: 1 },
      ...{ gpu: "auto", gpuLayers: 12, projectorUri: "hf:o/r/eyes.gguf", isFixed: false },
    },
  ]);
});

test("a model that the machine is too small for is reported as failed, and no engine is bothered with it", async () => {
  const checked: string[] = [];
  const { loads, until } = keep(
    {},
    {
      checkMemory: async (path) => {
        checked.push(path);
        throw new MusterError("model_load_failed", '"m" needs 50.0 GB of memory.');
      },
    },
  );
  const { failure } = await until("failed");
  expect(failure).toEqual({ code: "model_load_failed", message: '"m" needs 50.0 GB of memory.' });
  expect(checked).toEqual(["stub:m"]);
  expect(loads).toEqual([]);
});
