import { ManualClock, silentLog } from "@muster/base";
import { loadFleet, loadFromWire, type WorkerBody, type WorkerMessage, workerBody } from "@muster/proto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { defaultPlacementPolicy, type PlacementState } from "../core/placement/fleet-state.ts";
import { place } from "../core/placement/place.ts";
import { planReport, runnable } from "../core/placement/plan-report.ts";
import { testModel, testModelIds } from "../core/placement/test-models.fixture.ts";
import { FleetRegistry } from "../flows/fleet-registry.ts";
import { LoadOrders } from "../flows/placement/load-orders.ts";
import { placementState } from "../flows/placement/placement-state.ts";
import type { WorkerLink } from "../ports/worker-link.ts";
import { availabilityFromWire, identityFromHello, inventoryFromWire, replicaFromWire } from "./convert.ts";

const { requestSerialize, requestDeserialize } = loadFleet().service.Connect;

/** As it comes out of the wire, whatever was put in. */
function heard<K extends WorkerBody["kind"]>(kind: K, message: WorkerMessage) {
  const body = workerBody(requestDeserialize(requestSerialize(message)));
  if (body?.kind !== kind) throw new Error(`no ${kind}`);
  return body.value as Extract<WorkerBody, { kind: K }>["value"];
}

const bytes = fc.oneof(
  fc.constantFrom(0, 1, 2 ** 31, 24e9, 2 ** 53 - 1, 1.8e19),
  fc.double({ min: 0, max: 1.8e19, noNaN: true }).map(Math.floor),
);
/** Mostly enough for a load: else nothing is planned that could be wrong. */
const plenty = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(24e9, 80e9, 2 ** 60, 1.8e19) }, bytes);
const mostly = fc.constantFrom(true, true, true, false);
const count = fc.oneof(fc.constantFrom(0, 1, 4, 0xffff_ffff), fc.nat(100));
const float = fc.constantFrom(
  0,
  0.5,
  -1,
  3e38,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
);
const text = fc.oneof(
  fc.constantFrom("", "__proto__", "gpu", "w0"),
  fc.string({ unit: "binary", maxLength: 300 }),
);
const model = fc.oneof(fc.constantFrom(...testModelIds), text);
const gpu = fc.record({
  ...{ name: text, vramBytes: bytes, freeVramBytes: bytes, bytesPerSecond: bytes, isUnified: fc.boolean() },
});
const gpuLoad = fc.record({
  ...{ freeVramBytes: bytes, othersBytes: bytes, offeredBytes: plenty },
  ...{ utilization: float, temperatureCelsius: float, watts: float },
});
const report = fc.record({
  replicaId: fc.constantFrom("rep-1", "rep-2", "rep-3"),
  model,
  state: fc.constantFrom("STATE_FETCHING", "STATE_LOADING", "STATE_READY", "STATE_CRASHED", "STATE_FAILED"),
  progress: float,
  ...{ slots: count, contextTokens: count, gpuLayers: count, layers: count, loadMs: count },
  ...{
    fileBytes: bytes,
    vramBytes: bytes,
    ramBytes: bytes,
    isFixed: fc.boolean(),
    variant: text,
    modelUri: text,
  },
});
const worker = fc.record({
  hello: fc.record({
    ...{ name: text, version: text, engine: text, takesPlacement: mostly },
    labels: fc.dictionary(text, text, { maxKeys: 3 }),
    hardware: fc.record({
      ...{ physicalCores: count, logicalCores: count, ramBytes: bytes, freeRamBytes: bytes },
      ...{ ramBytesPerSecond: bytes, backend: text, platform: text, gpus: fc.array(gpu, { maxLength: 40 }) },
    }),
  }),
  heartbeat: fc.record({
    ...{ freeRamBytes: bytes, cpuLoad: float, cpuWatts: float, offeredRamBytes: plenty },
    gpus: fc.array(gpuLoad, { maxLength: 60 }),
  }),
  availability: fc.record({
    state: fc.constantFrom("lending", "lending", "lending", "x"),
    reason: text,
    policy: text,
  }),
  inventory: fc.record({
    models: fc.array(fc.record({ uri: text, bytes, sha256: text, lastUsedMs: bytes }), { maxLength: 5 }),
    ...{ freeDiskBytes: plenty, budgetBytes: bytes },
  }),
  reports: fc.array(report, { maxLength: 3 }),
});
const asked = { interactiveWaiting: 3, interactiveRunning: 0, batchWaiting: 50, batchRunning: 0 };

/** Every number of a value, with the way to it. */
function numbersOf(value: unknown, path = ""): [string, number][] {
  if (typeof value === "number") return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => numbersOf(each, `${path}.${name}`));
}

/** What was ordered is placement's to unload; what else there is belongs to the machine's owner. */
const [someVariant] = testModel("gemma-4-e4b").variants;
if (someVariant === undefined) throw new Error("no variant");
const order = {
  ...{ kind: "load" as const, model: "gemma-4-e4b", variant: someVariant, slots: 1, contextTokens: 2_048 },
  ...{ device: "gpu" as const, gpuLayers: undefined, vramBytes: 1, ramBytes: 1, reason: "asked for" },
};

const link: WorkerLink = { send: () => true, supersede() {}, close() {} };

it("whatever workers say of themselves, placement makes a plan, and all its numbers are numbers", () => {
  let loads = 0;
  let unloads = 0;
  fc.assert(
    fc.property(fc.array(worker, { minLength: 1, maxLength: 4 }), (workers) => {
      const clock = new ManualClock();
      const fleet = new FleetRegistry({ clock, log: silentLog });
      const orders = new LoadOrders({ clock });
      for (const [at, { hello, heartbeat, availability, inventory, reports }] of workers.entries()) {
        const id = `w${at}`;
        fleet.join(identityFromHello(heard("hello", { hello: { ...hello, workerId: id } })), link);
        fleet.beat(id, loadFromWire(heard("heartbeat", { heartbeat })));
        fleet.setAvailability(id, availabilityFromWire(heard("availability", { availability })));
        fleet.setInventory(id, inventoryFromWire(heard("inventory", { inventory })));
        for (const each of reports) {
          const replica = replicaFromWire(heard("replica", { replica: each }));
          if (replica === undefined) continue;
          fleet.reportReplica(id, replica);
          if (orders.get(id, replica.id) === undefined)
            orders.ordered(replica.id, { ...order, workerId: id });
        }
        const view = fleet.worker(id);
        expect(view?.load?.gpus?.length ?? 0).toBeLessThanOrEqual(view?.hardware.gpus.length ?? 0);
      }
      const models = testModelIds.map((id) => testModel(id, { pin: { replicas: 1, labels: {} } }));
      const state: PlacementState = placementState({
        ...{ workers: fleet.looks(), orders, models, staying: () => 1 },
        demand: testModelIds.map((id) => ({
          ...{ ...asked, model: id, oldestWaitMs: 60_000, serviceMs: undefined },
          ...{ lastAskedAtMs: clock.nowMs(), slotsElsewhere: 0 },
        })),
        nowMs: clock.nowMs(),
      });
      const { actions } = place(state, defaultPlacementPolicy);
      const reported = planReport(state, defaultPlacementPolicy);
      const ask = runnable(state, defaultPlacementPolicy);
      const said = [actions, reported, testModelIds.map(ask)];
      for (const { kind } of actions) {
        if (kind === "load") loads += 1;
        else unloads += 1;
      }
      const wrong = numbersOf(said).filter(([, value]) => !Number.isFinite(value) || value < 0);
      expect(wrong).toEqual([]);
      for (const action of actions) expect(action.reason).not.toMatch(/NaN|Infinity/);
    }),
    { numRuns: 150 },
  );
  // Else it would have shown nothing.
  expect({ loads: loads > 10, unloads: unloads > 10 }).toEqual({ loads: true, unloads: true });
});
