import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path/posix";
import { type Clock, type Env, systemClock } from "@muster/base";
import type { MachineReader } from "../../ports/machine-reader.ts";
import { type ContainerLimits, readContainerLimits } from "./container-limits.ts";
import { createCpuEnergy } from "./cpu-energy.ts";
import { parseMeminfo, parseVmStat } from "./memory-info.ts";
import { parseChildren, parseOwnBytes } from "./proc-status.ts";
import { runTool } from "./run-tool.ts";

export interface MachineReaderOptions {
  readonly env: Env;
  readonly clock?: Clock;
  readonly platform?: NodeJS.Platform;
  /** Where the kernel's files are; other places are for tests. */
  readonly roots?: { readonly proc: string; readonly cgroup: string; readonly powercap: string };
}

/** Processes of ours that are looked at: engines, and what they start. */
const maxProcesses = 256;
const vmStatEveryMs = 10_000;
/** Who has no limit hardly ever gets one. */
const noLimitForMs = 30_000;
const linuxRoots = { proc: "/proc", cgroup: "/sys/fs/cgroup", powercap: "/sys/class/powercap" };

/** Memory of this machine or container, and of Muster's processes; other systems than Linux tell less. */
export function createMachineReader(options: MachineReaderOptions): MachineReader {
  const { env, clock = systemClock, platform = process.platform, roots = linuxRoots } = options;
  if (platform !== "linux") {
    const available = createAvailableReader(platform, { env, clock });
    return {
      read: async (pids) => ({
        ...{ availableRamBytes: await available(), oursRamBytes: undefined, pids, cpuWatts: undefined },
      }),
    };
  }
  const readCpuWatts = createCpuEnergy(clock, roots.powercap);
  let limits: { readonly value: ContainerLimits; readonly atMs: number } | undefined;
  const readLimits = async (): Promise<ContainerLimits> => {
    const isUnlimited = limits !== undefined && limits.value.memoryBytes === undefined;
    if (limits === undefined || !isUnlimited || clock.nowMs() - limits.atMs >= noLimitForMs) {
      limits = { value: await readContainerLimits(roots), atMs: clock.nowMs() };
    }
    return limits.value;
  };
  return {
    async read(pids) {
      const { availableMemoryBytes } = await readLimits();
      const machine = parseMeminfo(text(join(roots.proc, "meminfo"))).availableBytes ?? freemem();
      const own = readOwn(roots.proc, pids);
      return {
        availableRamBytes: Math.min(machine, availableMemoryBytes ?? machine),
        oursRamBytes: own.bytes,
        pids: own.pids,
        cpuWatts: await readCpuWatts(),
      };
    },
  };
}

function createAvailableReader(
  platform: NodeJS.Platform,
  { env, clock }: { readonly env: Env; readonly clock: Clock },
): () => Promise<number> {
  if (platform !== "darwin") return async () => freemem();
  let last: { readonly bytes: number; readonly atMs: number } | undefined;
  return async () => {
    if (last === undefined || clock.nowMs() - last.atMs >= vmStatEveryMs) {
      const told = parseVmStat((await runTool("vm_stat", [], env)) ?? "").availableBytes;
      last = { bytes: told ?? freemem(), atMs: clock.nowMs() };
    }
    return last.bytes;
  };
}

/** With what they have started: the server of an engine is its guard's child. */
function readOwn(
  proc: string,
  pids: readonly number[],
): { readonly pids: readonly number[]; readonly bytes: number | undefined } {
  const all = [...pids];
  let bytes: number | undefined = pids.length === 0 ? 0 : undefined;
  for (let at = 0; at < all.length && at < maxProcesses; at++) {
    const folder = join(proc, String(all[at]));
    const own = parseOwnBytes(text(join(folder, "status")));
    if (own !== undefined) bytes = (bytes ?? 0) + own;
    for (const child of parseChildren(text(join(folder, "task", String(all[at]), "children")))) {
      if (!all.includes(child)) all.push(child);
    }
  }
  return { pids: all.slice(0, maxProcesses), bytes };
}

/** At once: these files are in the kernel's memory, and a trip through the thread pool costs ten times the reading. */
function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
