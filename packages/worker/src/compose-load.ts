import type { Background, Clock, Hardware, Log } from "@muster/base";
import { childEnvironment } from "./adapters/common/child-environment.ts";
import { hostEnvironment } from "./adapters/common/config.ts";
import { createGpuTelemetry } from "./adapters/probe/gpu/telemetry.ts";
import { createMachineReader } from "./adapters/probe/machine-reader.ts";
import { createCpuLoadReader } from "./adapters/probe/system-load.ts";
import type { WorkerConfig } from "./config.ts";
import type { ReplicaReport } from "./core/link-messages.ts";
import { MachineLoadReader } from "./flows/machine-load.ts";
import type { GpuTelemetry } from "./ports/gpu-telemetry.ts";

const noGpus: GpuTelemetry = { read: async () => [], close: async () => {} };

/** What this machine is busy with and can offer, from now on. Ends with `close`. */
export async function startMachineLoad(
  config: WorkerConfig,
  deps: {
    readonly hardware: Hardware;
    readonly replicas: () => readonly ReplicaReport[];
    readonly pids: () => readonly number[];
    /** Who sits at the machine gets more room. */
    readonly isOwnerHere: () => boolean;
    readonly clock: Clock;
    readonly background: Background;
    readonly log: Log;
  },
): Promise<MachineLoadReader> {
  const { hardware, clock, log } = deps;
  const env = childEnvironment(hostEnvironment);
  const lendsGpus = config.gpu !== "off" && hardware.gpus.length > 0;
  const load = new MachineLoadReader({
    ...deps,
    // Asking keeps some GPUs awake.
    gpus: lendsGpus ? createGpuTelemetry({ env, gpus: config.gpus, log, clock }) : noGpus,
    machine: createMachineReader({ env, clock }),
    readCpu: createCpuLoadReader(),
    settings: config.gpu === "off" ? { ...config, maxVramBytes: 0 } : config,
  });
  await load.start();
  return load;
}
