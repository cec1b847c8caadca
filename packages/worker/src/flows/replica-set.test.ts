import { ManualClock } from "@muster/base";
import { expect, test } from "vitest";
import type { LoadOrder } from "../core/link-messages.ts";
import { startReplica, testSpec } from "./flows.fixture.ts";

function order(replicaId: string): LoadOrder {
  return {
    ...{ replicaId, modelUri: "stub:m", model: "m", slots: 2, contextTokens: 256, variant: undefined },
    ...{ sha256: undefined, bytes: undefined, gpuLayers: undefined, isCpuOnly: false },
    projectorUri: undefined,
  };
}

test("an order that is one too many fails, and is gone once it is taken back: nothing keeps its place", async () => {
  const { replicas, reports } = await startReplica(new ManualClock());
  for (let at = 0; at < 15; at++) replicas.load(order(`placed-${at}`));
  replicas.load(order("last"));
  expect(reports.at(-1)).toMatchObject({ replicaId: "last", state: "failed" });
  await replicas.unload("last");
  const said = reports.filter(({ replicaId }) => replicaId === "last");
  expect(said.map(({ model, state }) => [model, state])).toEqual([
    ["m", "failed"],
    ["m", "unloaded"],
  ]);
  await replicas.closeAll();
});

test("what is ordered twice stays as it is, and says so again, however many there are", async () => {
  const { replicas, reports } = await startReplica(new ManualClock());
  for (let at = 0; at < 15; at++) replicas.load(order(`placed-${at}`));
  replicas.load(order("rep-1"));
  expect(reports.at(-1)).toMatchObject({ replicaId: "rep-1", state: "ready" });
  expect(replicas.reports()).toHaveLength(16);
  await replicas.closeAll();
});

test("a projector is needed as long as its model is", async () => {
  const { replicas } = await startReplica(new ManualClock());
  const projectorUri = "hf:o/r/eyes.gguf";
  replicas.add(testSpec({ replicaId: "sees", modelUri: "stub:sees", projectorUri }));
  expect(replicas.modelUris()).toEqual(["stub:m", "stub:sees", projectorUri]);
  await replicas.unload("sees");
  expect(replicas.modelUris()).toEqual(["stub:m"]);
  await replicas.closeAll();
});
