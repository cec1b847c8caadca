import { replicaMemory } from "@muster/models";
import { type ReadSpeeds, readSpeeds } from "./expected-speed.ts";
import type { PlacementModel, PlacementReplica, PlacementWorker } from "./fleet-state.ts";
import type { Budget } from "./replica-shapes.ts";

/** GPUs are filled layer by layer, never quite to the brim: of their sum only this share counts. */
const severalGpusShare = 0.95;
/** A load leaves this share free, so that a small program of the owner's does not cost it its place at once. */
const spareShare = 0.02;

/** A replica as the plan sees it: what there is, or what the plan loads. */
export interface Held {
  readonly id: string;
  readonly model: string;
  readonly room: Room;
  readonly slots: number;
  readonly vramBytes: number;
  readonly ramBytes: number;
  /** Of its file, while that is on its way. */
  readonly diskBytes: number;
  readonly isLastResort: boolean;
  /** Undefined: the plan loads it. */
  readonly replica: PlacementReplica | undefined;
  /** Kept whatever others want: chosen by the owner, or pinned. */
  isKept: boolean;
  isRetiring: boolean;
}

/** What may be used of a worker with nothing loaded: all the memory that it offers. */
export function wholeBudget(worker: PlacementWorker): Budget {
  const { gpus } = worker;
  const offered = gpus.reduce((sum, gpu) => sum + Math.max(0, gpu.offeredBytes), 0);
  return {
    vramBytes: gpus.length > 1 ? Math.floor(offered * severalGpusShare) : offered,
    ramBytes: Math.max(0, worker.offeredRamBytes),
    isUnified: gpus.some(({ isUnified }) => isUnified),
    gpus: Math.max(1, gpus.length),
    diskBytes: worker.freeDiskBytes,
  };
}

/** The memory of one worker while a plan is made: only it takes and gives. */
export class Room {
  readonly worker: PlacementWorker;
  readonly whole: Budget;
  readonly speeds: ReadSpeeds;
  readonly replicas = new Set<Held>();
  /** Grows with each change: whoever has looked at it earlier looks again. */
  version = 0;
  /** Somebody counts on what becomes free here: it is not filled with other things meanwhile. */
  #isPromised = false;
  #vramBytes: number;
  #ramBytes: number;
  #diskBytes: number;
  #loadsLeft: number;
  #free: Budget | undefined;

  constructor(worker: PlacementWorker, loadsAtOnce: number) {
    this.worker = worker;
    this.whole = wholeBudget(worker);
    this.speeds = readSpeeds(worker);
    this.#vramBytes = this.whole.vramBytes;
    this.#ramBytes = this.whole.ramBytes;
    this.#diskBytes = this.whole.diskBytes;
    this.#loadsLeft = loadsAtOnce;
  }

  get mayLoad(): boolean {
    return this.worker.isOpen && this.#loadsLeft > 0 && !this.#isPromised;
  }

  /** Bytes over what is offered; neither: 0. */
  get excess(): { readonly vramBytes: number; readonly ramBytes: number } {
    return { vramBytes: Math.max(0, -this.#vramBytes), ramBytes: Math.max(0, -this.#ramBytes) };
  }

  /** What a load may take now. */
  get free(): Budget {
    this.#free ??= this.freeWithout([]);
    return this.#free;
  }

  /** What a load may take when `gone` have left. */
  freeWithout(gone: Iterable<Held>): Budget {
    let vramBytes = this.#vramBytes - this.whole.vramBytes * spareShare;
    let ramBytes = this.#ramBytes - this.whole.ramBytes * spareShare;
    let diskBytes = this.#diskBytes;
    for (const held of gone) {
      diskBytes += held.diskBytes;
      vramBytes += held.vramBytes;
      ramBytes += this.#ramOf(held);
    }
    const { isUnified, gpus } = this.whole;
    return { vramBytes, ramBytes, isUnified, gpus, diskBytes };
  }

  hold(held: Held): void {
    this.replicas.add(held);
    this.#take(held, 1);
  }

  unload(held: Held): void {
    if (this.replicas.delete(held)) this.#take(held, -1);
  }

  promise(): void {
    this.#isPromised = true;
    this.version += 1;
  }

  has(model: string): boolean {
    for (const held of this.replicas) if (held.model === model) return true;
    return false;
  }

  #take(held: Held, sign: 1 | -1): void {
    if (isUnderWay(held)) this.#loadsLeft -= sign;
    this.#diskBytes -= sign * held.diskBytes;
    this.#vramBytes -= sign * held.vramBytes;
    this.#ramBytes -= sign * this.#ramOf(held);
    this.version += 1;
    this.#free = undefined;
  }

  #ramOf({ vramBytes, ramBytes }: Held): number {
    return this.whole.isUnified ? vramBytes + ramBytes : ramBytes;
  }
}

/** On its way to be ready; what the plan loads is too. */
export function isUnderWay({ replica }: Held): boolean {
  return replica === undefined || replica.state === "fetching" || replica.state === "loading";
}

/** It answers now. */
export function givesWork({ replica }: Held): boolean {
  return replica?.state === "ready" && !replica.isHeldBack;
}

/** What a replica takes: as reported, or estimated where nobody told. */
export function memoryOf(
  replica: PlacementReplica,
  worker: PlacementWorker,
  model: PlacementModel | undefined,
): { readonly vramBytes: number; readonly ramBytes: number } {
  const { vramBytes, ramBytes, slots, contextTokens } = replica;
  const variant = model?.variants.find(({ id }) => id === replica.variant);
  if (vramBytes > 0 || ramBytes > 0 || variant === undefined) return { vramBytes, ramBytes };
  const onGpu = worker.gpus.length > 0 && replica.device !== "cpu";
  return replicaMemory(variant.profile, {
    slots,
    contextTokens: contextTokens || (model?.contextTokens ?? 0),
    gpuLayers: onGpu ? "all" : 0,
    gpus: Math.max(1, worker.gpus.length),
  });
}

export function isLastResort(replica: PlacementReplica, worker: PlacementWorker): boolean {
  if (replica.device !== undefined) return replica.device !== "gpu";
  return worker.gpus.length === 0 || (replica.vramBytes === 0 && replica.ramBytes > 0);
}
