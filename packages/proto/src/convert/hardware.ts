import type { GpuLoad, Hardware, MachineLoad, ProcessStats } from "@muster/base";
import type { Hardware__Output, Hardware as WireHardware } from "../gen/muster/v1/Hardware.ts";
import type { Heartbeat, Heartbeat__Output } from "../gen/muster/v1/Heartbeat.ts";
import type { ProcessStats__Output } from "../gen/muster/v1/ProcessStats.ts";

/** Fields that a peer left out become empty text and 0: hardware is shown, never trusted. */
export function hardwareFromWire(wire: Hardware__Output | null): Hardware {
  return {
    hostname: wire?.hostname ?? "",
    platform: wire?.platform ?? "",
    arch: wire?.arch ?? "",
    cpuModel: wire?.cpuModel ?? "",
    physicalCores: wire?.physicalCores ?? 0,
    logicalCores: wire?.logicalCores ?? 0,
    ramBytes: wire?.ramBytes ?? 0,
    freeRamBytes: wire?.freeRamBytes ?? 0,
    backend: wire?.backend ?? "",
    gpus: (wire?.gpus ?? []).map(
      ({ name, vramBytes, freeVramBytes, uuid, driverVersion, isUnified, bytesPerSecond }) => ({
        name,
        vramBytes,
        freeVramBytes,
        ...(uuid === "" ? {} : { uuid }),
        ...(driverVersion === "" ? {} : { driverVersion }),
        ...(isUnified ? { isUnified } : {}),
        ...(bytesPerSecond === 0 ? {} : { bytesPerSecond }),
      }),
    ),
    ...(wire?.ramBytesPerSecond ? { ramBytesPerSecond: wire.ramBytesPerSecond } : {}),
  };
}

export function hardwareToWire(hardware: Hardware): WireHardware {
  const { gpus, ramBytesPerSecond = 0, ...rest } = hardware;
  return {
    ...rest,
    ramBytesPerSecond: Math.round(ramBytesPerSecond),
    gpus: gpus.map(({ uuid = "", driverVersion = "", isUnified = false, bytesPerSecond = 0, ...gpu }) => ({
      ...gpu,
      ...{ uuid, driverVersion, isUnified },
      bytesPerSecond: Math.round(bytesPerSecond),
    })),
  };
}

/** More are in no machine. */
const maxGpus = 64;
/** No process has more, in years of many cores: such numbers would only spoil the sums that they are added to. */
const most = { bytes: 2 ** 50, seconds: 1e11, lagSeconds: 3_600, count: 1e15 } as const;

/** Of a heartbeat: the machine as it is now. Numbers that make no sense are taken for unknown, or for none. */
export function loadFromWire(wire: Heartbeat__Output): MachineLoad {
  return {
    freeRamBytes: wire.freeRamBytes,
    cpuLoad: share(wire.cpuLoad) ?? 0,
    offeredRamBytes: wire.offeredRamBytes,
    cpuWatts: power(wire.cpuWatts),
    ...(wire.stats === null ? {} : { process: statsFromWire(wire.stats) }),
    gpus: wire.gpus.slice(0, maxGpus).map(
      (gpu): GpuLoad => ({
        freeVramBytes: gpu.freeVramBytes,
        othersBytes: gpu.othersBytes,
        offeredBytes: gpu.offeredBytes,
        utilization: share(gpu.utilization),
        temperatureCelsius: finite(gpu.temperatureCelsius),
        watts: power(gpu.watts),
      }),
    ),
  };
}

/** What makes no sense counts as nothing. */
function statsFromWire(wire: ProcessStats__Output): ProcessStats {
  return {
    residentBytes: upTo(most.bytes, wire.residentBytes),
    cpuSeconds: upTo(most.seconds, wire.cpuSeconds),
    eventLoopLagSeconds: upTo(most.lagSeconds, wire.eventLoopLagSeconds),
    engineCrashes: upTo(most.count, wire.engineCrashes),
    promptTokens: upTo(most.count, wire.promptTokens),
    generationTokens: upTo(most.count, wire.generationTokens),
    prefillSeconds: upTo(most.seconds, wire.prefillSeconds),
    decodeSeconds: upTo(most.seconds, wire.decodeSeconds),
  };
}

function upTo(limit: number, value: number): number {
  return value >= 0 && value <= limit ? value : 0;
}

export function loadToWire(load: MachineLoad): Heartbeat {
  const { freeRamBytes, cpuLoad, offeredRamBytes, cpuWatts, gpus = [], process } = load;
  return {
    freeRamBytes,
    cpuLoad,
    ...(process === undefined ? {} : { stats: { ...process } }),
    ...(cpuWatts === undefined ? {} : { cpuWatts }),
    ...(offeredRamBytes === undefined ? {} : { offeredRamBytes: Math.round(offeredRamBytes) }),
    gpus: gpus.map(({ freeVramBytes, offeredBytes, othersBytes, ...optional }) => ({
      freeVramBytes,
      offeredBytes: Math.round(offeredBytes),
      ...(othersBytes === undefined ? {} : { othersBytes }),
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    })),
  };
}

function share(value: number | undefined): number | undefined {
  const known = finite(value);
  return known === undefined ? undefined : Math.min(1, Math.max(0, known));
}

function power(watts: number | undefined): number | undefined {
  return watts !== undefined && watts >= 0 ? finite(watts) : undefined;
}

function finite(value: number | undefined): number | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : value;
}
