import { replicaMemory } from "@muster/models";
import { expectedTokensPerSecond, missingBytes, readSpeeds } from "./expected-speed.ts";
import type { PlacementModel, PlacementPolicy, PlacementVariant, PlacementWorker } from "./fleet-state.ts";
import type { Shape } from "./shape.ts";

/** All that a model can be loaded as on so many GPUs, what is wanted most first. */
export interface ShapeLadder {
  readonly shapes: readonly Shape[];
  /** Less than these and nothing fits: said once, so that most workers are told apart at a glance. */
  readonly leastVramBytes: number;
  readonly leastRamBytes: number;
}

/** Memory that a replica may take on one worker. */
export interface Budget {
  readonly vramBytes: number;
  readonly ramBytes: number;
  /** One memory: what is taken as GPU memory is missing as main memory. */
  readonly isUnified: boolean;
  /** Each of them costs: buffers of its own. */
  readonly gpus: number;
  readonly diskBytes: number;
}

/** A better variant is not worth so few slots that batches crawl: fewer only where nothing else fits. */
const enoughSlots = 2;
/** Fewer of the layers than this on a GPU are not worth the copying. */
const leastGpuLayerShare = 0.25;

/**
 * In this order: the whole context before less of it, enough slots before few, the best variant before smaller ones,
 * more slots before fewer.
 */
export function shapeLadder(
  model: PlacementModel,
  policy: PlacementPolicy,
  { gpus }: { readonly gpus: number },
): ShapeLadder {
  const most = Math.max(1, Math.min(model.mostSlots, policy.slotsPerReplica));
  const known = ladders.get(model) ?? [];
  let ladder = known.find((one) => one.gpus === gpus && one.most === most)?.ladder;
  if (ladder === undefined) {
    ladder = newLadder(model, most, gpus);
    ladders.set(model, [...known, { gpus, most, ladder }]);
  }
  return ladder;
}

/** Of models that are looked at again and again: a ladder follows from its model and these two numbers. */
const ladders = new WeakMap<
  PlacementModel,
  readonly { readonly gpus: number; readonly most: number; readonly ladder: ShapeLadder }[]
>();

function newLadder(model: PlacementModel, most: number, gpus: number): ShapeLadder {
  const enough = Math.min(most, enoughSlots);
  const shapes: Shape[] = [];
  for (const contextTokens of contextSteps(model)) {
    for (const [from, to] of [
      [most, enough],
      [enough - 1, 1],
    ] as const) {
      for (const [rank, variant] of model.variants.entries()) {
        for (let slots = from; slots >= to; slots = slots > 4 ? slots >> 1 : slots - 1) {
          shapes.push(shapeOf({ variant, rank, slots, contextTokens, gpus }, "all"));
        }
      }
    }
  }
  return {
    shapes,
    leastVramBytes: Math.min(...shapes.map(({ vramBytes }) => vramBytes)),
    leastRamBytes: Math.min(...shapes.map(({ ramBytes }) => ramBytes)),
  };
}

/** The first of the ladder that a worker can take within the budget. */
export function firstFit(
  model: PlacementModel,
  ladder: ShapeLadder,
  at: { readonly worker: PlacementWorker; readonly budget: Budget; readonly nowMs: number },
): Shape | undefined {
  const { budget } = at;
  if (budget.vramBytes < ladder.leastVramBytes || budget.ramBytes < ladder.leastRamBytes) return undefined;
  for (const shape of ladder.shapes) {
    if (fitsMemory(shape, budget) && isLoadable(model, shape.variant, at)) return shape;
  }
  return undefined;
}

/**
 * Some layers on the GPU where there is one, the rest or all on the processor. The smallest variant comes first: speed is
 * what is short there, and tokens are written as fast as the weights are read.
 */
export function lastResort(
  model: PlacementModel,
  at: {
    readonly worker: PlacementWorker;
    readonly budget: Budget;
    readonly nowMs: number;
    readonly policy: PlacementPolicy;
  },
): Shape | undefined {
  const { worker, budget, policy } = at;
  const speeds = readSpeeds(worker);
  const most = Math.max(1, Math.min(model.mostSlots, policy.slotsPerReplica, enoughSlots));
  const memory = budget.ramBytes + (budget.isUnified ? 0 : budget.vramBytes);
  for (const contextTokens of contextSteps(model)) {
    for (const [rank, variant] of [...model.variants.entries()].reverse()) {
      if (variant.profile.weightsBytes > memory || !isLoadable(model, variant, at)) continue;
      for (let slots = most; slots >= 1; slots--) {
        const shape = splitShape({ variant, rank, slots, contextTokens, gpus: budget.gpus }, budget);
        if (shape && expectedTokensPerSecond(speeds, shape) >= policy.leastTokensPerSecond) return shape;
      }
    }
  }
  return undefined;
}

export function fitsMemory(shape: Shape, budget: Budget): boolean {
  const ramBytes = budget.isUnified ? shape.ramBytes + shape.vramBytes : shape.ramBytes;
  return shape.vramBytes <= budget.vramBytes && ramBytes <= budget.ramBytes;
}

interface Wish {
  readonly variant: PlacementVariant;
  readonly rank: number;
  readonly slots: number;
  readonly contextTokens: number;
  readonly gpus: number;
}

function shapeOf({ gpus, ...wish }: Wish, gpuLayers: number | "all"): Shape {
  const { variant, slots } = wish;
  const trained = variant.profile.maxContextTokens;
  const contextTokens = trained > 0 ? Math.min(wish.contextTokens, trained) : wish.contextTokens;
  const memory = replicaMemory(variant.profile, { slots, contextTokens, gpuLayers, gpus });
  const projectorBytes = variant.projectorUri === undefined ? 0 : (variant.projectorBytes ?? 0);
  const device = gpuLayers === "all" ? "gpu" : gpuLayers === 0 ? "cpu" : "partial";
  return {
    variant,
    rank: wish.rank,
    slots,
    contextTokens,
    device,
    gpuLayers: device === "partial" && gpuLayers !== "all" ? gpuLayers : undefined,
    vramBytes: memory.vramBytes + (device === "cpu" ? 0 : projectorBytes),
    ramBytes: memory.ramBytes + (device === "cpu" ? projectorBytes : 0),
  };
}

/** As many layers on the GPU as fit. */
function splitShape(wish: Wish, budget: Budget): Shape | undefined {
  const { layers } = wish.variant.profile;
  let low = 0;
  let high = budget.vramBytes > 0 && !budget.isUnified ? layers : 0;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (shapeOf(wish, middle).vramBytes <= budget.vramBytes) low = middle;
    else high = middle - 1;
  }
  const shape = shapeOf(wish, low >= layers * leastGpuLayerShare ? low : 0);
  return fitsMemory(shape, budget) ? shape : undefined;
}

function isLoadable(
  model: PlacementModel,
  variant: PlacementVariant,
  at: { readonly worker: PlacementWorker; readonly budget: Budget; readonly nowMs: number },
): boolean {
  const { failed } = at.worker;
  const failedUntilMs = failed.size === 0 ? undefined : failed.get(`${model.id}/${variant.id}`);
  if (failedUntilMs !== undefined && at.nowMs < failedUntilMs) return false;
  return missingBytes(at.worker, variant) <= at.budget.diskBytes;
}

/** All, half, a quarter, ... and the least. */
function contextSteps({ contextTokens, leastContextTokens }: PlacementModel): number[] {
  const steps: number[] = [];
  for (let tokens = contextTokens; tokens > leastContextTokens; tokens = Math.floor(tokens / 2))
    steps.push(tokens);
  return [...steps, Math.min(contextTokens, leastContextTokens)];
}
