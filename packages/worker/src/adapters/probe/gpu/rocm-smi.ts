import type { GpuReading } from "../../../ports/gpu-telemetry.ts";

export const rocmSmiArguments = [
  ...["--showproductname", "--showuniqueid", "--showdriverversion", "--showmeminfo", "vram"],
  ...["--showuse", "--showtemp", "--showpower", "--showmaxpower", "--json"],
] as const;

/** Reads `rocm-smi ... --json`: an object with an entry for each card, whose names differ between versions. */
export function parseRocmSmi(text: string): GpuReading[] {
  // Warnings may stand before it.
  const start = text.indexOf("{");
  const all = asFields(start === -1 ? undefined : parseJson(text.slice(start)));
  const driverVersion = wordOf(asFields(all["system"]), ["Driver version"]);
  return Object.entries(all)
    .filter(([key]) => /^card\d+$/.test(key))
    .sort(([a], [b]) => Number(a.slice(4)) - Number(b.slice(4)))
    .map(([, value]) => readingOf(asFields(value), driverVersion));
}

function readingOf(card: Fields, driverVersion: string | undefined): GpuReading {
  const totalBytes = numberOf(card, ["VRAM Total Memory (B)"]);
  const usedBytes = numberOf(card, ["VRAM Total Used Memory (B)"]);
  const percent = numberOf(card, ["GPU use (%)"]);
  return {
    maker: "amd",
    name: wordOf(card, ["Card Series", "Card series"]),
    uuid: wordOf(card, ["Unique ID"]),
    driverVersion,
    totalBytes,
    usedBytes,
    freeBytes:
      totalBytes === undefined || usedBytes === undefined ? undefined : Math.max(0, totalBytes - usedBytes),
    processes: undefined,
    utilization: percent === undefined ? undefined : Math.min(1, percent / 100),
    temperatureCelsius: numberOf(card, [
      "Temperature (Sensor edge) (C)",
      "Temperature (Sensor junction) (C)",
    ]),
    watts: numberOf(card, [
      "Average Graphics Package Power (W)",
      "Current Socket Graphics Package Power (W)",
    ]),
    limitWatts: numberOf(card, ["Max Graphics Package Power (W)"]),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asFields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function wordOf(fields: Fields, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === "string" && value !== "" && value !== "N/A") return value;
  }
  return undefined;
}

function numberOf(fields: Fields, names: readonly string[]): number | undefined {
  const word = wordOf(fields, names);
  const value = Number(word ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
