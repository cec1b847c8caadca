import type { GpuProcess, GpuReading } from "../../../ports/gpu-telemetry.ts";

const fields = [
  ...["index", "uuid", "name", "driver_version", "mig.mode.current"],
  ...["memory.total", "memory.free", "memory.used"],
  ...["utilization.gpu", "temperature.gpu", "power.draw", "power.limit"],
] as const;

/** What `parseGpuLine` reads: a line for each GPU. */
export const gpuQuery = [`--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits"] as const;

export interface IndexedReading extends GpuReading {
  readonly index: number;
}

/**
 * Reads one line of `gpuQuery`'s answer; undefined for anything else. A GPU that is divided (MIG) keeps its memory and its
 * load to itself: those of the whole card say nothing about the slice that an engine sees.
 */
export function parseGpuLine(line: string): IndexedReading | undefined {
  const values = line.split(",").map((value) => value.trim());
  const index = Number(values[0]);
  if (values.length !== fields.length || !/^\d+$/.test(values[0] ?? "")) return undefined;
  const text = (at: number) => told(values[at] ?? "");
  const number = (at: number) => {
    const value = Number(text(at) ?? Number.NaN);
    return Number.isFinite(value) && value >= 0 ? value : undefined;
  };
  const isDivided = text(4) === "Enabled";
  const mib = (at: number) => {
    const value = isDivided ? undefined : number(at);
    return value === undefined ? undefined : value * 1024 ** 2;
  };
  const percent = isDivided ? undefined : number(8);
  return {
    index,
    maker: "nvidia",
    uuid: text(1),
    name: text(2),
    driverVersion: text(3),
    totalBytes: mib(5),
    freeBytes: mib(6),
    usedBytes: mib(7),
    processes: undefined,
    utilization: percent === undefined ? undefined : Math.min(1, percent / 100),
    temperatureCelsius: number(9),
    watts: number(10),
    limitWatts: number(11),
  };
}

/** `[N/A]`, `[Not Supported]`, `[Unknown Error]`, `N/A`, `-` and nothing are all no answer. */
function told(value: string): string | undefined {
  return value === "" || value === "-" || value === "N/A" || value.startsWith("[") ? undefined : value;
}

export interface ListedProcess {
  readonly gpuIndex: number;
  /** Undefined: nobody uses this GPU. */
  readonly process: GpuProcess | undefined;
}

/**
 * Reads `nvidia-smi pmon -s m`, line by line: compute and graphics programs with their memory in MiB. Its columns differ
 * between drivers, so its head says where they are.
 */
export function createProcessLineParser(): (line: string) => ListedProcess | undefined {
  let columns: readonly string[] = [];
  return (line) => {
    const words = line.trim().split(/\s+/);
    if (line.startsWith("#")) {
      const names = words.join(" ").replace(/^#\s*/, "").split(" ");
      if (names[0] === "gpu") columns = names;
      return undefined;
    }
    const [gpuAt, pidAt, memoryAt, nameAt] = ["gpu", "pid", "fb", "command"].map((name) =>
      columns.indexOf(name),
    ) as [number, number, number, number];
    const [gpu, pid, memory] = [words[gpuAt], words[pidAt], words[memoryAt]];
    if (gpuAt === -1 || pidAt === -1 || gpu === undefined || !/^\d+$/.test(gpu)) return undefined;
    if (pid === "-") return { gpuIndex: Number(gpu), process: undefined };
    if (pid === undefined || !/^\d+$/.test(pid)) return undefined;
    // A program's name may have blanks, and is the last column.
    const name = nameAt === -1 ? "" : words.slice(nameAt).join(" ");
    return {
      gpuIndex: Number(gpu),
      process: {
        pid: Number(pid),
        bytes: memory !== undefined && /^\d+$/.test(memory) ? Number(memory) * 1024 ** 2 : undefined,
        name: told(name),
      },
    };
  };
}
