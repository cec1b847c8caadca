import fc from "fast-check";
import type {
  ModelDemand,
  PlacementModel,
  PlacementReplica,
  PlacementState,
  PlacementWorker,
} from "./fleet-state.ts";
import { memoryOf } from "./room.ts";
import { testModel, testModelIds } from "./test-models.fixture.ts";

const nowMs = 100 * 3_600_000;
const minute = 60_000;
const gb = 1e9;
const label = fc.constantFrom("2f", "3f");

const demandOf = (model: string): fc.Arbitrary<ModelDemand> =>
  fc.record({
    model: fc.constant(model),
    interactiveWaiting: fc.constantFrom(0, 0, 1, 3, 20),
    interactiveRunning: fc.constantFrom(0, 0, 1, 6),
    batchWaiting: fc.constantFrom(0, 0, 5, 4000),
    batchRunning: fc.constantFrom(0, 2, 30),
    oldestWaitMs: fc.constantFrom(0, 1000, 10 * minute),
    serviceMs: fc.constantFrom(undefined, 3000, 30_000),
    lastAskedAtMs: fc.constant(nowMs),
    slotsElsewhere: fc.constantFrom(0, 0, 0, 4),
  });

const modelOf = (id: string): fc.Arbitrary<PlacementModel> =>
  fc
    .record({
      pin: fc.constantFrom(
        undefined,
        undefined,
        { replicas: 1, labels: {} },
        { replicas: 2, labels: { room: "3f" } },
      ),
      requires: fc.constantFrom({}, {}, {}, { room: "2f" }),
      mostSlots: fc.constantFrom(1, 4, 8),
    })
    .map((change) => testModel(id, change));

const replicaOf = (id: string): fc.Arbitrary<PlacementReplica> =>
  fc
    .record({
      model: fc.constantFrom(...testModelIds),
      isSmall: fc.constantFrom(true, true, false),
      state: fc.constantFrom(
        "ready",
        "ready",
        "ready",
        "ready",
        "ready",
        "loading",
        "fetching",
        "crashed",
        "failed",
      ),
      slots: fc.constantFrom(1, 2, 4),
      slotsUsed: fc.constantFrom(0, 1),
      ageMs: fc.constantFrom(1000, 10 * minute, 50 * minute),
      idleMs: fc.constantFrom(0, 2 * minute, 45 * minute),
      isFixed: fc.constantFrom(false, false, false, true),
      isHeldBack: fc.constantFrom(false, false, false, true),
      isRetiring: fc.constantFrom(false, false, false, true),
    })
    .map(({ isSmall, ageMs, idleMs, state, slotsUsed, ...rest }) => ({
      ...rest,
      id,
      state,
      slotsUsed: state === "ready" ? slotsUsed : 0,
      variant: testModel(rest.model).variants.at(isSmall ? -1 : 0)?.id,
      contextTokens: 2048,
      ...{ vramBytes: 0, ramBytes: 0 },
      sinceMs: nowMs - ageMs,
      lastUsedAtMs: nowMs - idleMs,
    }));

const workerOf = (id: string): fc.Arbitrary<PlacementWorker> =>
  fc
    .record({
      gpus: fc.array(
        fc.record({
          offeredBytes: fc.constantFrom(0, 7 * gb, 11 * gb, 22.5 * gb, 40 * gb),
          bytesPerSecond: fc.constantFrom(undefined, 200e9, 936e9),
        }),
        { maxLength: 2 },
      ),
      isUnified: fc.constantFrom(false, false, true),
      offeredRamBytes: fc.constantFrom(2 * gb, 12 * gb, 48 * gb),
      ramBytesPerSecond: fc.constantFrom(undefined, 60e9),
      room: label,
      isOpen: fc.constantFrom(true, true, true, false),
      isServing: fc.boolean(),
      freeDiskBytes: fc.constantFrom(1 * gb, 9 * gb, 500 * gb),
      staying: fc.constantFrom(0.2, 1),
      replicas: fc
        .array(fc.nat(), { maxLength: 3 })
        .chain((all) => fc.tuple(...all.map((_, index) => replicaOf(`${id}-r${index}`)))),
      failed: fc.constantFrom([], [], ["gemma-4-12b/q4_k_m", "gemma-4-12b/q8_0"], ["gemma-4-e4b/q8_0"]),
    })
    .map(({ room, failed, isUnified, replicas, gpus, isServing, ...rest }) => {
      const worker: PlacementWorker = {
        ...rest,
        ...{ id, name: id, cores: 8, labels: { room }, stored: new Set(), replicas: [] },
        isServing: isServing || rest.isOpen,
        gpus: isUnified ? gpus.slice(0, 1).map((gpu) => ({ ...gpu, isUnified })) : gpus,
        failed: new Map(failed.map((name) => [name, nowMs + minute])),
      };
      const withMemory = replicas.map((replica) => ({
        ...replica,
        ...memoryOf(replica, worker, testModel(replica.model)),
      }));
      return { ...worker, replicas: withMemory };
    });

/** Fleets of all sorts, in any state, with more loaded than fits here and there. */
export const anyFleet: fc.Arbitrary<PlacementState> = fc
  .record({
    workers: fc
      .integer({ min: 1, max: 6 })
      .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => workerOf(`w${index}`)))),
    models: fc
      .subarray(testModelIds, { minLength: 1 })
      .chain((ids) => fc.tuple(fc.tuple(...ids.map(modelOf)), fc.tuple(...ids.map(demandOf)))),
  })
  .map(({ workers, models: [models, demand] }) => ({
    workers: [...workers],
    models: [...models],
    demand: demand.filter(({ interactiveRunning }) => interactiveRunning !== 6 || models.length > 1),
    nowMs,
  }));
