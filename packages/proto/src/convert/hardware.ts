import type { Hardware } from "@muster/base";
import type { Hardware__Output } from "../gen/muster/v1/Hardware.ts";

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
    gpus: (wire?.gpus ?? []).map(({ name, vramBytes, freeVramBytes }) => ({
      name,
      vramBytes,
      freeVramBytes,
    })),
  };
}
