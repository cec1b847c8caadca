import type { Hardware, Log } from "@muster/base";
import type { PackageEntries } from "./adapters/common/engine-packages/entries.ts";
import { createHardwareProbe } from "./adapters/probe/hardware-probe.ts";
import { fetchCudaBuild } from "./compose-cuda.ts";
import { defaultEngineDirectory } from "./compose-engine-build.ts";
import type { WorkerConfig } from "./config.ts";
import { type FreeMemory, freeMemory } from "./core/free-memory.ts";
import type { HardwareProbe } from "./ports/hardware-probe.ts";

/** What the engine can use of this machine, as this worker is set up. */
export function createWorkerProbe(config: WorkerConfig, packages: PackageEntries, log: Log): HardwareProbe {
  const trustsDriver = config.engine !== "node-llama-cpp" && config.gpu !== "off";
  return createHardwareProbe({ log, packages, gpus: config.gpus, trustsDriver });
}

/** Fetched first of all: what the probe finds depends on what the engine can use. */
export async function enginePackages(config: WorkerConfig, log: Log): Promise<PackageEntries> {
  if (config.engine !== "node-llama-cpp" || config.gpu === "off") return {};
  const { signal } = new AbortController();
  return fetchCudaBuild({ directory: defaultEngineDirectory(config.env), env: config.env, log, signal });
}

/** What this machine could lend. */
export function probeHardware(log: Log): Promise<Hardware> {
  return createHardwareProbe({ log }).probe();
}

/** What a worker with this configuration could give a model now. */
export async function probeFreeMemory(config: WorkerConfig, log: Log): Promise<FreeMemory> {
  const probe = createWorkerProbe(config, await enginePackages(config, log), log);
  return freeMemory(await probe.probe(), config);
}
