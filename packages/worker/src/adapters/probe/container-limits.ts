import { readFile } from "node:fs/promises";
import { join } from "node:path/posix";

export interface ContainerLimits {
  /** Processors' worth of time; may be a fraction. Undefined: no limit. */
  readonly cores: number | undefined;
  readonly memoryBytes: number | undefined;
  /** What is left under the tightest limit. */
  readonly freeMemoryBytes: number | undefined;
  /** As that, with every file that the kernel can drop: a mapped model is read again from its file. */
  readonly availableMemoryBytes: number | undefined;
}

/** Reads the path of this process in the unified hierarchy (cgroup v2) from /proc/self/cgroup. */
export function parseCgroupPath(text: string): string | undefined {
  return /^0::(\/\S*)$/m.exec(text)?.[1];
}

/** Reads cgroup v2's cpu.max: quota and period, or `max`. */
export function parseCpuMax(text: string): number | undefined {
  const found = /^(\d+) (\d+)\s*$/.exec(text);
  const cores = found === null ? Number.NaN : Number(found[1]) / Number(found[2]);
  return Number.isFinite(cores) && cores > 0 ? cores : undefined;
}

/** Reads cgroup v2's memory.max or memory.current: bytes, or `max`. */
export function parseBytes(text: string): number | undefined {
  return /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

/** Reads how much of a group's memory is files that the kernel can drop, from memory.stat. */
export function parseDroppableBytes(text: string): number {
  return Number(/^inactive_file (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** As `parseDroppableBytes`, with the files that somebody reads now. */
function parseFileBytes(text: string): number {
  return parseDroppableBytes(text) + Number(/^active_file (\d+)$/m.exec(text)?.[1] ?? 0);
}

/**
 * The limits of the container or service that this process runs in: a limit of any group on the way up counts.
 * @param roots where the kernel's files are; other places are for tests
 */
export async function readContainerLimits(
  roots = { cgroup: "/sys/fs/cgroup", proc: "/proc" },
): Promise<ContainerLimits> {
  const own = parseCgroupPath((await readText(join(roots.proc, "self/cgroup"))) ?? "") ?? "/";
  let cores: number | undefined;
  let memoryBytes: number | undefined;
  let freeMemoryBytes: number | undefined;
  let availableMemoryBytes: number | undefined;
  for (const group of groupsUpwards(own)) {
    const read = async (name: string) => (await readText(join(roots.cgroup, group, name))) ?? "";
    cores = smaller(cores, parseCpuMax(await read("cpu.max")));
    const limit = parseBytes(await read("memory.max"));
    if (limit === undefined) continue;
    memoryBytes = smaller(memoryBytes, limit);
    const [current, stat] = [parseBytes(await read("memory.current")) ?? 0, await read("memory.stat")];
    const leftBeside = (droppable: number) => Math.max(0, limit - Math.max(0, current - droppable));
    freeMemoryBytes = smaller(freeMemoryBytes, leftBeside(parseDroppableBytes(stat)));
    availableMemoryBytes = smaller(availableMemoryBytes, leftBeside(parseFileBytes(stat)));
  }
  return { cores, memoryBytes, freeMemoryBytes, availableMemoryBytes };
}

/** `/a/b` -> `/a/b`, `/a`, `/`. */
function groupsUpwards(path: string): string[] {
  const names = path.split("/").filter((name) => name !== "" && name !== "..");
  return Array.from(
    { length: names.length + 1 },
    (_, up) => `/${names.slice(0, names.length - up).join("/")}`,
  );
}

function smaller(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}

async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}
