import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { arch, availableParallelism, cpus, freemem, hostname, platform, totalmem } from "node:os";
import { promisify } from "node:util";
import type { Hardware, Log } from "@muster/base";
import type { HardwareProbe } from "../../ports/hardware-probe.ts";
import type { PackageEntries } from "../common/engine-packages/entries.ts";
import { readContainerLimits } from "./container-limits.ts";
import { type CpuInfo, parseProcCpuinfo, parseSysctl, usableCores } from "./cpu-info.ts";
import { askEngineDevices } from "./engine-devices.ts";
import { withBandwidth } from "./gpu-bandwidth.ts";
import { describeGpus, nvidiaSmiArguments, parseNvidiaSmi } from "./gpus.ts";
import { type MemoryInfo, parseMeminfo, parseVmStat } from "./memory-info.ts";
import { measureRamBandwidth } from "./ram-bandwidth.ts";

const run = promisify(execFile);
const engineTimeoutMs = 20_000;
const commandTimeoutMs = 5_000;
const maxOutputBytes = 256 * 1024;

export interface HardwareProbeOptions {
  readonly log: Log;
  /** The program that asks the engine for GPUs; undefined: the one that is built with this package. */
  readonly childEntry?: string;
  /** How long the engine may look for GPUs. */
  readonly timeoutMs?: number;
  /** Engine packages that were fetched for this machine. */
  readonly packages?: PackageEntries;
}

/**
 * Looks at this machine. Several GPUs of which the engine tells only the sum of memory get equal parts of it, unless
 * `nvidia-smi` knows better. What cannot be found out is left out or guessed low, with a line in the log.
 */
export function createHardwareProbe(options: HardwareProbeOptions): HardwareProbe {
  return {
    async probe(): Promise<Hardware> {
      const [cpu, memory, limits, gpu] = await Promise.all([
        readCpu(),
        readMemory(),
        readContainerLimits(),
        readGpus(options),
      ]);
      const ramBytes = memory.totalBytes ?? totalmem();
      return {
        hostname: hostname(),
        platform: platform(),
        arch: arch(),
        cpuModel: cpu.model ?? knownCpuModel() ?? arch(),
        ...usableCores({ ...cpu, logicalCores: availableParallelism(), limitCores: limits.cores }),
        ramBytes: Math.min(ramBytes, limits.memoryBytes ?? ramBytes),
        freeRamBytes: Math.min(memory.availableBytes ?? freemem(), limits.freeMemoryBytes ?? ramBytes),
        ...gpu,
        // Last: nothing else of the probe should run beside it.
        ramBytesPerSecond: measureRamBandwidth({ nowMs: () => performance.now() }),
      };
    },
  };
}

async function readGpus(options: HardwareProbeOptions): Promise<Pick<Hardware, "backend" | "gpus">> {
  const { log, childEntry, timeoutMs = engineTimeoutMs, packages = {} } = options;
  const [devices, nvidia] = await Promise.all([
    askEngineDevices({ log, childEntry, timeoutMs, packages }),
    output("nvidia-smi", nvidiaSmiArguments).then((text) => parseNvidiaSmi(text ?? "")),
  ]);
  if (devices.names.length === 0 && nvidia.length > 0) {
    log.warn(
      { gpus: nvidia.map((gpu) => gpu.name), backend: devices.backend },
      "the driver shows GPUs that the engine cannot use: install a Vulkan driver or the CUDA runtime",
    );
  }
  return { backend: devices.backend, gpus: describeGpus(devices, nvidia).map(withBandwidth) };
}

async function readCpu(): Promise<CpuInfo & { readonly isSmtOff: boolean }> {
  if (platform() === "linux") {
    const smt = await text("/sys/devices/system/cpu/smt/active");
    return { ...parseProcCpuinfo((await text("/proc/cpuinfo")) ?? ""), isSmtOff: smt?.trim() === "0" };
  }
  if (platform() === "darwin") {
    const answer = await output("sysctl", ["-n", "hw.physicalcpu", "machdep.cpu.brand_string"]);
    return { ...parseSysctl(answer ?? ""), isSmtOff: false };
  }
  return { model: undefined, physicalCores: undefined, isSmtOff: false };
}

async function readMemory(): Promise<MemoryInfo> {
  if (platform() === "linux") return parseMeminfo((await text("/proc/meminfo")) ?? "");
  if (platform() === "darwin") return parseVmStat((await output("vm_stat", [])) ?? "");
  return { totalBytes: undefined, availableBytes: undefined };
}

function knownCpuModel(): string | undefined {
  const model = cpus()[0]?.model.trim();
  return model === undefined || model === "" || model === "unknown" ? undefined : model;
}

async function text(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}

/** What a command prints; undefined where it is missing, fails or hangs. */
async function output(command: string, args: readonly string[]): Promise<string | undefined> {
  const options = { timeout: commandTimeoutMs, maxBuffer: maxOutputBytes, windowsHide: true };
  return await run(command, [...args], options).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
}
