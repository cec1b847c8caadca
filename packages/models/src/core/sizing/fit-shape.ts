import type { MemoryProfile, ReplicaMemory, ReplicaShape } from "../memory-profile.ts";
import { replicaMemory } from "./replica-memory.ts";

/** Memory that a replica may have, and what is wanted of it. */
export interface FitWish {
  /** Of all GPUs together; 0: no GPU. */
  readonly vramBytes: number;
  readonly ramBytes: number;
  /** GPUs that `vramBytes` is the sum of; undefined: one. */
  readonly gpus?: number | undefined;
  readonly slots: number;
  readonly contextTokens: number;
  /** Less is of no use. */
  readonly leastContextTokens: number;
  /** Whether some or all layers may be left to the processor; undefined: they may. */
  readonly mayUseCpu?: boolean | undefined;
}

export type Fit =
  | {
      readonly kind: "fits";
      /** `gpu`: all layers on GPUs. */
      readonly device: "gpu" | "partial" | "cpu";
      readonly shape: ReplicaShape;
      readonly memory: ReplicaMemory;
    }
  | {
      readonly kind: "none";
      /** What one slot with the least context would need, on GPUs and on the processor. */
      readonly onGpu: ReplicaMemory;
      readonly onCpu: ReplicaMemory;
    };

/** With fewer of the layers on a GPU the processor sets the pace: then all of it runs there, and the GPU stays free. */
const leastGpuShare = 1 / 4;
const contextStep = 256;

/**
 * The best shape that fits: all on GPUs before some of it, that before the processor alone. On each of them: the whole
 * context with as many slots as fit, down to half of those wanted; then less context; then fewer slots with less
 * context. The same wish gives the same answer.
 */
export function fitShape(profile: MemoryProfile, wish: FitWish): Fit {
  const { gpus, mayUseCpu = true } = wish;
  const fits = ({ vramBytes, ramBytes }: ReplicaMemory) =>
    vramBytes <= wish.vramBytes && ramBytes <= wish.ramBytes;
  const onGpu = (slots: number, contextTokens: number): ReplicaShape => ({
    ...{ slots, contextTokens, gpuLayers: "all" },
    ...(gpus === undefined ? {} : { gpus }),
  });
  const onCpu = (slots: number, contextTokens: number): ReplicaShape => ({
    ...{ slots, contextTokens, gpuLayers: 0 },
  });
  const firstFitting = (shapeOf: typeof onGpu): ReplicaShape | undefined =>
    firstOf(profile, wish, (slots, contextTokens) =>
      fits(replicaMemory(profile, shapeOf(slots, contextTokens))) ? shapeOf(slots, contextTokens) : undefined,
    );
  const answer = (device: "gpu" | "partial" | "cpu", shape: ReplicaShape): Fit => ({
    ...{ kind: "fits", device, shape },
    memory: replicaMemory(profile, shape),
  });

  if (wish.vramBytes > 0) {
    const whole = firstFitting(onGpu);
    if (whole !== undefined) return answer("gpu", whole);
    const partial = mayUseCpu
      ? firstOf(profile, wish, (slots, contextTokens) =>
          mostLayers(profile, onGpu(slots, contextTokens), fits),
        )
      : undefined;
    if (partial !== undefined) return answer("partial", partial);
  }
  const cpu = mayUseCpu ? firstFitting(onCpu) : undefined;
  if (cpu !== undefined) return answer("cpu", cpu);
  const { least } = contexts(profile, wish);
  return {
    kind: "none",
    onGpu: replicaMemory(profile, onGpu(1, least)),
    onCpu: replicaMemory(profile, onCpu(1, least)),
  };
}

/** The most layers that fit on the GPUs; undefined where those are too few to be worth it. */
function mostLayers(
  profile: MemoryProfile,
  shape: ReplicaShape,
  fits: (memory: ReplicaMemory) => boolean,
): ReplicaShape | undefined {
  const least = Math.max(2, Math.ceil(profile.layers * leastGpuShare) + 1);
  for (let gpuLayers = profile.layers; gpuLayers >= least; gpuLayers -= 1) {
    const partial = { ...shape, gpuLayers };
    if (fits(replicaMemory(profile, partial))) return partial;
  }
  return undefined;
}

/** Tries slots and contexts from the best on; `attempt` gives undefined where they do not fit. */
function firstOf(
  profile: MemoryProfile,
  wish: FitWish,
  attempt: (slots: number, contextTokens: number) => ReplicaShape | undefined,
): ReplicaShape | undefined {
  const { whole, least } = contexts(profile, wish);
  const half = Math.max(1, Math.ceil(wish.slots / 2));
  for (let slots = wish.slots; slots >= half; slots -= 1) {
    const found = attempt(slots, whole);
    if (found !== undefined) return found;
  }
  for (let slots = half; slots >= 1; slots -= 1) {
    const found = longest(slots, { whole, least }, attempt);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The longest context in steps, by halving: what fits with some context fits with less. */
function longest(
  slots: number,
  { whole, least }: { readonly whole: number; readonly least: number },
  attempt: (slots: number, contextTokens: number) => ReplicaShape | undefined,
): ReplicaShape | undefined {
  let best = attempt(slots, least);
  if (best === undefined) return undefined;
  let low = Math.ceil(least / contextStep);
  let high = Math.floor(whole / contextStep);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const found = attempt(slots, middle * contextStep);
    if (found === undefined) high = middle - 1;
    else {
      best = found;
      low = middle;
    }
  }
  return best;
}

function contexts(
  { maxContextTokens }: MemoryProfile,
  wish: FitWish,
): { readonly whole: number; readonly least: number } {
  const most = maxContextTokens > 0 ? maxContextTokens : Number.MAX_SAFE_INTEGER;
  const whole = Math.min(wish.contextTokens, most);
  return { whole, least: Math.min(wish.leastContextTokens, whole) };
}
