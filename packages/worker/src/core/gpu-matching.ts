import type { Gpu } from "@muster/base";

type Maker = "nvidia" | "amd" | "intel" | "apple";

interface Named {
  readonly maker: Maker | undefined;
  readonly name: string | undefined;
  readonly uuid: string | undefined;
  readonly totalBytes: number | undefined;
}

/** Drivers and engines count a little differently what firmware has taken. */
const nearlyEqual = 0.06;

/**
 * For each GPU that the engine uses the reading that is of it, or undefined. Looked for by uuid, then by name, then by
 * size; one that is left with one reading left is taken for it. Twins pair up in their order.
 */
export function matchReadings<T extends Named>(
  gpus: readonly Gpu[],
  readings: readonly T[],
): (T | undefined)[] {
  const found = new Map<number, T>();
  const left = new Set(readings);
  const pair = (isOne: (gpu: Gpu, reading: T) => boolean) => {
    for (const [at, gpu] of gpus.entries()) {
      if (found.has(at)) continue;
      const reading = [...left].find((each) => mayBe(gpu, each) && isOne(gpu, each));
      if (reading === undefined) continue;
      found.set(at, reading);
      left.delete(reading);
    }
  };
  pair((gpu, { uuid }) => uuid !== undefined && gpu.uuid === uuid);
  pair((gpu, { name }) => name !== undefined && sameName(gpu.name, name));
  pair((gpu, { name, totalBytes }) => name === undefined && isNear(gpu.vramBytes, totalBytes));
  const [lastReading] = left;
  const unmatched = gpus.flatMap((_, at) => (found.has(at) ? [] : [at]));
  const [lastGpu] = unmatched;
  if (unmatched.length === 1 && left.size === 1 && lastGpu !== undefined && lastReading !== undefined) {
    const gpu = gpus[lastGpu];
    // One with a name of its own that differs is another GPU, which the engine does not use.
    const isNameless = lastReading.name === undefined;
    if (gpu !== undefined && isNameless && mayBe(gpu, lastReading)) found.set(lastGpu, lastReading);
  }
  return gpus.map((_, at) => found.get(at));
}

const makerNames: Readonly<Record<Maker, RegExp>> = {
  nvidia: /nvidia|geforce|quadro|tesla/i,
  amd: /\b(amd|ati|radeon)\b/i,
  intel: /\bintel\b/i,
  apple: /\bapple\b/i,
};

/** A laptop has GPUs of two makers, and its engine may see one of them. */
function mayBe(gpu: Gpu, { maker }: Named): boolean {
  const named = (Object.keys(makerNames) as Maker[]).find((each) => makerNames[each].test(gpu.name));
  return maker === undefined || named === undefined || named === maker;
}

function sameName(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}

function isNear(bytes: number, other: number | undefined): boolean {
  return other !== undefined && Math.abs(bytes - other) <= nearlyEqual * Math.max(bytes, other);
}

/** GPUs that are built into a processor, by the names that drivers give them. */
const builtIn = [
  /^Apple /i,
  /\b(GB10|Tegra|Orin|Thor|Xavier)\b/i,
  /\bIntel\b.*\b(HD|UHD|Iris)\b/i,
  /\bIntel\b.*\bGraphics \((?!BMG|DG|ATS)/i,
  /\bIntel\b.*Arc(\(TM\))? Graphics\b/i,
  /\bRadeon(\(TM\))? (Graphics|Vega|\d{3}M|8\d{3}S)\b/i,
];

/** Whether a GPU's memory is the machine's main memory, as far as its name says. */
export function sharesMainMemory(name: string): boolean {
  return builtIn.some((pattern) => pattern.test(name));
}
