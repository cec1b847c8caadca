import { expectedLoadMs, expectedTokensPerSecond, missingBytes, readSpeeds } from "./expected-speed.ts";
import type { PlacementModel, PlacementPolicy, PlacementWorker } from "./fleet-state.ts";
import { missingLabel } from "./labels.ts";
import { firstFit, lastResort, type ShapeLadder, shapeLadder } from "./replica-shapes.ts";
import { wholeBudget } from "./room.ts";
import type { Shape } from "./shape.ts";

/** What a worker could do for a model with nothing else loaded. */
export type FitAnswer =
  | {
      readonly kind: "fits";
      readonly shape: Shape;
      /** Of one answer alone, as expected. */
      readonly tokensPerSecond: number;
      readonly loadMs: number;
    }
  | { readonly kind: "none"; readonly because: FitObstacle; readonly reason: string };

export type FitObstacle = "label" | "memory" | "speed" | "disk" | "failed";

/** The best that fits; a last resort where no GPU can hold it; or one sentence why not. */
export function explainFit(
  model: PlacementModel,
  worker: PlacementWorker,
  {
    policy,
    nowMs,
    ladder,
  }: {
    readonly policy: PlacementPolicy;
    readonly nowMs: number;
    /** Where many workers are asked about: what the model can be on so many GPUs, worked out once. */
    readonly ladder?: ((gpus: number) => ShapeLadder) | undefined;
  },
): FitAnswer {
  const label = missingLabel(worker.labels, model.requires);
  if (label !== undefined) return none("label", `${worker.name} lacks the label ${label}`);
  const budget = wholeBudget(worker);
  const shapes = ladder?.(budget.gpus) ?? shapeLadder(model, policy, { gpus: budget.gpus });
  const found = (at: {
    readonly worker: PlacementWorker;
    readonly nowMs: number;
    readonly diskBytes: number;
  }) => {
    const free = { ...budget, diskBytes: at.diskBytes };
    const onGpu = budget.vramBytes > 0 ? firstFit(model, shapes, { ...at, budget: free }) : undefined;
    return onGpu ?? lastResort(model, { ...at, budget: free, policy });
  };
  const at = { worker, nowMs, diskBytes: budget.diskBytes };
  const shape = found(at);
  if (shape !== undefined) {
    const tokensPerSecond = expectedTokensPerSecond(readSpeeds(worker), shape);
    return { kind: "fits", shape, tokensPerSecond, loadMs: expectedLoadMs(worker, shape.variant) };
  }
  const boundless = { ...at, diskBytes: Number.POSITIVE_INFINITY };
  const withoutDisk = found(boundless);
  if (withoutDisk !== undefined) {
    const bytes = missingBytes(worker, withoutDisk.variant);
    return none(
      "disk",
      `${worker.name} has ${gb(worker.freeDiskBytes)} of disk free for a file of ${gb(bytes)}`,
    );
  }
  if (found({ ...boundless, worker: { ...worker, failed: new Map() } }) !== undefined) {
    const why = model.variants.map(({ id }) => worker.failedBecause?.get(`${model.id}/${id}`)).find(Boolean);
    const because = why === undefined ? "" : `: ${why}`;
    return none("failed", `it could not be loaded on ${worker.name} lately${because}`);
  }
  const offers = `${worker.name} offers ${memoryOffered(worker)}`;
  const slow = lastResort(model, { ...boundless, budget, policy: { ...policy, leastTokensPerSecond: 0 } });
  if (slow !== undefined) {
    const speed = expectedTokensPerSecond(readSpeeds(worker), slow).toFixed(1);
    return none("speed", `${offers}: that would be ${speed} tokens/s, too slow to be of use`);
  }
  return none("memory", `needs ${gb(leastBytes(shapes))}, ${offers}`);
}

/** "11.0 GB of GPU memory and 14.0 GB of main memory". */
export function memoryOffered(worker: PlacementWorker): string {
  const { vramBytes, ramBytes } = wholeBudget(worker);
  return vramBytes > 0
    ? `${gb(vramBytes)} of GPU memory and ${gb(ramBytes)} of main memory`
    : `${gb(ramBytes)} of main memory and no GPU`;
}

/** The smallest replica of it that is of use. */
export function leastBytes({ shapes }: ShapeLadder): number {
  return Math.min(...shapes.map(({ vramBytes, ramBytes }) => vramBytes + ramBytes));
}

export function gb(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

function none(because: FitObstacle, reason: string): FitAnswer {
  return { kind: "none", because, reason };
}
