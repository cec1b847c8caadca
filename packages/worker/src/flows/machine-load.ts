import type { Background, Clock, Gpu, GpuLoad, Hardware, MachineLoad } from "@muster/base";
import { matchReadings } from "../core/gpu-matching.ts";
import type { ReplicaReport } from "../core/link-messages.ts";
import {
  type OwnMemory,
  offerNow,
  othersMemory,
  ownMemory,
  ramReserve,
  reserveBytes,
  type SettledOffer,
  settleOffer,
  vramReserve,
} from "../core/offered-memory.ts";
import { OwnChanges, settleMs } from "../core/own-changes.ts";
import type { GpuReading, GpuTelemetry } from "../ports/gpu-telemetry.ts";
import type { MachineReader } from "../ports/machine-reader.ts";

/** What the machine's owner keeps; undefined: the defaults, and no limit. */
export interface OfferSettings {
  readonly vramReserveBytes: number | undefined;
  readonly ramReserveBytes: number | undefined;
  /** Of each GPU. */
  readonly maxVramBytes: number | undefined;
  readonly maxRamBytes: number | undefined;
}

export interface MachineLoadDeps {
  readonly hardware: Hardware;
  readonly gpus: GpuTelemetry;
  readonly machine: MachineReader;
  /** Share of all cores in use since the last call, 0 to 1. */
  readonly readCpu: () => number;
  readonly replicas: () => readonly ReplicaReport[];
  /** Processes that our engines run in. */
  readonly pids: () => readonly number[];
  readonly isOwnerHere: () => boolean;
  readonly settings: OfferSettings;
  readonly clock: Clock;
  readonly background: Background;
}

/** Twice a beat, so that an orchestrator hears within two of them what another program has taken. */
const refreshMs = 1_000;
/** Where nobody tells what our processes have, and what is free is asked seldom. */
const untoldSettleMs = 12_000;
/** A driver that does not answer for so long leaves what is known of its GPUs behind. */
const staleMs = 15_000;

/** Of engines that run in our processes: an upstream's memory is another program's. */
const gpuBackends: ReadonlySet<string> = new Set(["cuda", "vulkan", "metal", "rocm", "hip", "sycl"]);

interface GpuState {
  readonly load: GpuLoad;
  readonly offer: SettledOffer;
}

/** Knows how busy this machine is and what it can offer: read in the background, told at once. */
export class MachineLoadReader {
  readonly #deps: MachineLoadDeps;
  #isClosed = false;
  #stopTimer = () => {};
  #refreshing: Promise<void> = Promise.resolve();
  #readAtMs: number | undefined;
  #gpus: readonly GpuState[] = [];
  #ram: { readonly availableBytes: number; readonly offer: SettledOffer } | undefined;
  #cpuWatts: number | undefined;
  readonly #changes = new OwnChanges();

  constructor(deps: MachineLoadDeps) {
    this.#deps = deps;
  }

  /** Settles when the first reading is there; the next ones come by themselves. */
  async start(): Promise<void> {
    const { clock, background } = this.#deps;
    const next = () => {
      if (this.#isClosed) return;
      this.#stopTimer = clock.after(refreshMs, () =>
        background.run("machine load", async () => {
          await this.refresh();
          next();
        }),
      );
    };
    await this.refresh();
    next();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    await this.#deps.gpus.close();
  }

  /** One reading; never two at once. */
  refresh(): Promise<void> {
    this.#refreshing = this.#refreshing.then(() => this.#read());
    return this.#refreshing;
  }

  /** In the order of the hardware's GPUs; undefined: not known now. */
  gpus(): readonly GpuLoad[] | undefined {
    return this.#isFresh && this.#gpus.length > 0 ? this.#gpus.map(({ load }) => load) : undefined;
  }

  /** What Muster may hold in all; undefined where it is not known now. */
  offered(): { readonly vramBytes: number | undefined; readonly ramBytes: number | undefined } {
    const gpus = this.gpus();
    return {
      vramBytes: gpus === undefined ? undefined : sumOf(gpus, ({ offeredBytes }) => offeredBytes),
      ramBytes: this.#ram?.offer.bytes,
    };
  }

  load(): MachineLoad {
    const { hardware, readCpu } = this.#deps;
    const isFresh = this.#isFresh;
    return {
      cpuLoad: readCpu(),
      freeRamBytes: this.#ram?.availableBytes ?? hardware.freeRamBytes,
      offeredRamBytes: this.#ram?.offer.bytes,
      gpus: isFresh ? this.#gpus.map(({ load }) => load) : [],
      cpuWatts: isFresh ? this.#cpuWatts : undefined,
    };
  }

  get #isFresh(): boolean {
    return this.#readAtMs !== undefined && this.#deps.clock.nowMs() - this.#readAtMs <= staleMs;
  }

  async #read(): Promise<void> {
    const { hardware, gpus, machine, clock } = this.#deps;
    const reading = await machine.read(this.#deps.pids());
    const readings = hardware.gpus.length === 0 ? [] : await gpus.read(reading.pids);
    if (this.#isClosed) return;
    const replicas = this.#deps.replicas();
    this.#changes.note(reading.pids, replicas, clock.nowMs());
    const [ownPids, endedPids] = [new Set(reading.pids), this.#changes.latePids];
    const reportedRamBytes = sumOf(replicas, ({ ramBytes }) => ramBytes);
    this.#cpuWatts = reading.cpuWatts;
    this.#offerRam({
      availableBytes: reading.availableRamBytes,
      ownBytes: reading.oursRamBytes ?? reportedRamBytes,
      settleMs: reading.oursRamBytes === undefined ? untoldSettleMs : settleMs,
    });
    const matched = matchReadings(hardware.gpus, readings);
    const all = sumOf(matched, (each) => each?.usedBytes ?? 0);
    this.#gpus = hardware.gpus.map((gpu, at) => {
      const one = matched[at];
      // Engines report one sum: it is where memory is used.
      const share = all > 0 ? (one?.usedBytes ?? 0) / all : 1 / hardware.gpus.length;
      const reportedBytes = Math.round(share * sumOf(replicas, ({ vramBytes }) => vramBytes));
      const own = ownMemory({
        processes: one?.processes,
        ...{ ownPids, endedPids },
        reportedBytes,
      });
      return this.#readGpu(gpu, { reading: one, own, before: this.#gpus[at] });
    });
    this.#readAtMs = clock.nowMs();
  }

  #offerRam(known: {
    readonly availableBytes: number;
    readonly ownBytes: number;
    readonly settleMs: number;
  }): void {
    const { hardware, settings, isOwnerHere, clock } = this.#deps;
    const { availableBytes, ownBytes } = known;
    const totalBytes = hardware.ramBytes;
    const nowBytes = offerNow({
      ...{ totalBytes, freeBytes: availableBytes, ownBytes },
      othersBytes: undefined,
      reserveBytes: reserveBytes(ramReserve, {
        totalBytes,
        configuredBytes: settings.ramReserveBytes,
        isOwnerHere: isOwnerHere(),
      }),
      mostBytes: settings.maxRamBytes,
    });
    const before = this.#ram?.offer;
    const isDip =
      before !== undefined &&
      nowBytes < before.bytes &&
      this.#changes.areRecent(clock.nowMs(), known.settleMs);
    const offer = isDip ? before : settleOffer(before, nowBytes, clock.nowMs());
    this.#ram = { availableBytes, offer };
  }

  #readGpu(
    gpu: Gpu,
    known: {
      readonly reading: GpuReading | undefined;
      readonly own: OwnMemory;
      readonly before: GpuState | undefined;
    },
  ): GpuState {
    const { reading, own, before } = known;
    const { clock } = this.#deps;
    const totalBytes = reading?.totalBytes ?? gpu.vramBytes;
    const usedBytes = gpu.isUnified ? undefined : reading?.usedBytes;
    // A driver that has fallen silent: what was offered last stays, and nothing more.
    if (usedBytes === undefined && before?.load.othersBytes !== undefined) return silent(before);
    const othersBytes = othersMemory({
      usedBytes,
      own,
      isUnsure: this.#isUnsure(),
      beforeBytes: before?.load.othersBytes,
    });
    // An engine may have more by its own count than its driver says is used.
    const ownBytes = othersBytes === undefined ? own.bytes : (usedBytes ?? 0) - othersBytes;
    const freeBytes = this.#freeOn(gpu, { reading, totalBytes, ownBytes });
    const nowBytes = this.#offerOn(gpu, { totalBytes, freeBytes, ownBytes, othersBytes });
    const offer = settleOffer(before?.offer, nowBytes, clock.nowMs());
    return {
      offer,
      load: {
        freeVramBytes: freeBytes,
        othersBytes,
        offeredBytes: offer.bytes,
        utilization: reading?.utilization,
        temperatureCelsius: reading?.temperatureCelsius,
        watts: reading?.watts,
      },
    };
  }

  /** Where its driver tells nothing, as it was found when the worker started: then nothing of ours was there. */
  #freeOn(
    gpu: Gpu,
    known: {
      readonly reading: GpuReading | undefined;
      readonly totalBytes: number;
      readonly ownBytes: number;
    },
  ): number {
    const { reading, totalBytes, ownBytes } = known;
    if (gpu.isUnified) return Math.min(totalBytes, this.#ram?.availableBytes ?? 0);
    if (reading?.freeBytes !== undefined) return reading.freeBytes;
    if (reading?.usedBytes !== undefined) return Math.max(0, totalBytes - reading.usedBytes);
    return Math.max(0, gpu.freeVramBytes - ownBytes);
  }

  #offerOn(
    gpu: Gpu,
    memory: {
      readonly totalBytes: number;
      readonly freeBytes: number;
      readonly ownBytes: number;
      readonly othersBytes: number | undefined;
    },
  ): number {
    const { settings, isOwnerHere } = this.#deps;
    const mostBytes = settings.maxVramBytes;
    // Main memory has its own reserve, and is not there twice.
    if (gpu.isUnified) {
      return Math.min(memory.totalBytes, this.#ram?.offer.bytes ?? 0, mostBytes ?? Number.POSITIVE_INFINITY);
    }
    return offerNow({
      ...memory,
      reserveBytes: reserveBytes(vramReserve, {
        totalBytes: memory.totalBytes,
        configuredBytes: settings.vramReserveBytes,
        isOwnerHere: isOwnerHere(),
      }),
      mostBytes,
    });
  }

  /** Whether an engine of ours has memory on a GPU that it has not told of, or takes some or lets it go now. */
  #isUnsure(): boolean {
    const isUntold = ({ state, backend, vramBytes }: ReplicaReport) =>
      state === "loading" || (state === "ready" && vramBytes === 0 && gpuBackends.has(backend));
    const { replicas, clock } = this.#deps;
    return this.#changes.areRecent(clock.nowMs()) || replicas().some(isUntold);
  }
}

function silent({ load, offer }: GpuState): GpuState {
  return {
    offer: { bytes: offer.bytes, rising: undefined },
    load: { ...load, utilization: undefined, temperatureCelsius: undefined, watts: undefined },
  };
}

function sumOf<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
