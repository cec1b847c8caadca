import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path/posix";
import type { Clock } from "@muster/base";

interface Package {
  readonly file: string;
  /** The counter starts anew from 0 after this. */
  readonly rangeMicrojoules: number | undefined;
}

interface Count {
  readonly microjoules: number;
  readonly atMs: number;
}

const maxPackages = 16;

/**
 * What the processors take, by Intel's and AMD's own counters (RAPL). Most systems let root alone read them: then, as
 * everywhere else, it is unknown.
 * @param root where the kernel's files are; other places are for tests
 */
export function createCpuEnergy(
  clock: Clock,
  root = "/sys/class/powercap",
): () => Promise<number | undefined> {
  const counts = new Map<string, Count>();
  let packages: Promise<readonly Package[]> | undefined;
  return async () => {
    packages ??= findPackages(root);
    const found: (number | undefined)[] = [];
    for (const { file, rangeMicrojoules } of await packages) {
      const microjoules = await numberIn(file);
      const before = counts.get(file);
      const now = microjoules === undefined ? undefined : { microjoules, atMs: clock.nowMs() };
      if (now === undefined) counts.delete(file);
      else counts.set(file, now);
      const isKnown = before !== undefined && now !== undefined;
      found.push(isKnown ? wattsBetween(before, now, rangeMicrojoules) : undefined);
    }
    // Half of what is there would pass for all of it.
    if (found.length === 0 || found.includes(undefined)) return undefined;
    return found.reduce<number>((sum, watts = 0) => sum + watts, 0);
  };
}

function wattsBetween(before: Count, now: Count, range: number | undefined): number | undefined {
  const ms = now.atMs - before.atMs;
  const hasWrapped = now.microjoules < before.microjoules;
  if (ms <= 0 || (hasWrapped && range === undefined)) return undefined;
  return (now.microjoules - before.microjoules + (hasWrapped ? (range ?? 0) : 0)) / 1_000 / ms;
}

/** One for each socket; what is below a socket is counted in it. */
async function findPackages(root: string): Promise<readonly Package[]> {
  const names = (await readdir(root).catch(() => [])).filter((name) => /^intel-rapl:\d+$/.test(name));
  const packages: Package[] = [];
  for (const name of names.sort().slice(0, maxPackages)) {
    const folder = join(root, name);
    const file = join(folder, "energy_uj");
    const label = await readFile(join(folder, "name"), "utf8").catch(() => "");
    if (!label.startsWith("package-") || (await numberIn(file)) === undefined) continue;
    packages.push({ file, rangeMicrojoules: await numberIn(join(folder, "max_energy_range_uj")) });
  }
  return packages;
}

async function numberIn(file: string): Promise<number | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  return /^\d+\s*$/.test(text) ? Number(text) : undefined;
}
