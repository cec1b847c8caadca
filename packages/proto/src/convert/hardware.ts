import type { GpuLoad, Hardware, MachineLoad } from "@muster/base";
import type { Hardware__Output, Hardware as WireHardware } from "../gen/muster/v1/Hardware.ts";
import type { Heartbeat, Heartbeat__Output } from "../gen/muster/v1/Heartbeat.ts";

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

/** Of a heartbeat: the machine as it is now. Numbers that make no sense are taken for unknown, or for none. */
export function loadFromWire(wire: Heartbeat__Output): MachineLoad {
  return {
    freeRamBytes: wire.freeRamBytes,
    cpuLoad: share(wire.cpuLoad) ?? 0,
    offeredRamBytes: wire.offeredRamBytes,
    cpuWatts: power(wire.cpuWatts),
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

export function loadToWire(load: MachineLoad): Heartbeat {
  const { freeRamBytes, cpuLoad, offeredRamBytes, cpuWatts, gpus = [] } = load;
  return {
    freeRamBytes,
    cpuLoad,
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
