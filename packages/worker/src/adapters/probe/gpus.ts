import type { Gpu } from "@muster/base";
import { sharesMainMemory } from "../../core/gpu-matching.ts";
import { parseGpuLine } from "./gpu/nvidia-output.ts";

/** What the engine sees: the devices it would use, and one sum of their memory. */
export interface EngineDevices {
  readonly backend: string;
  readonly names: readonly string[];
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** Reads the answer to `gpuQuery`; GPUs without numbers (`[N/A]` on shared memory, divided ones) are left out. */
export function parseNvidiaSmi(text: string): Gpu[] {
  return text.split("\n").flatMap((line): Gpu[] => {
    const { name, uuid, driverVersion, totalBytes, freeBytes } = parseGpuLine(line) ?? {};
    if (name === undefined || totalBytes === undefined || freeBytes === undefined) return [];
    return [{ name, vramBytes: totalBytes, freeVramBytes: freeBytes, uuid, driverVersion }];
  });
}

/**
 * One entry per device of the engine. Devices that the driver's tool knows by the same name get their own numbers; what
 * is left of the engine's sum is divided evenly among the others, which is a guess where they differ in size.
 */
export function describeGpus(devices: EngineDevices, measured: readonly Gpu[]): Gpu[] {
  const unused = [...measured];
  const matches = devices.names.map((name) => {
    const at = unused.findIndex((gpu) => sameName(gpu.name, name));
    return at === -1 ? undefined : unused.splice(at, 1)[0];
  });
  const known = matches.filter((gpu) => gpu !== undefined);
  const others = devices.names.length - known.length;
  const share = (sum: number, of: (gpu: Gpu) => number) =>
    Math.max(0, Math.floor((sum - known.reduce((total, gpu) => total + of(gpu), 0)) / others));
  return devices.names.map(
    (name, at): Gpu =>
      matches[at] ?? {
        name,
        vramBytes: share(devices.totalBytes, (gpu) => gpu.vramBytes),
        freeVramBytes: share(devices.freeBytes, (gpu) => gpu.freeVramBytes),
        ...(sharesMainMemory(name) ? { isUnified: true } : {}),
      },
  );
}

function sameName(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}
