import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** One entry of /sys/class/power_supply, its files' contents by name. */
export type PowerSupply = Readonly<Record<string, string>>;

const folder = "/sys/class/power_supply";

/** Whether the machine is on AC power. One without a battery of its own is. Undefined: its supplies do not tell. */
export function isOnAcPower(supplies: readonly PowerSupply[]): boolean | undefined {
  // Mice and headsets have batteries too, of scope Device.
  const batteries = supplies.filter(({ type, scope }) => type === "Battery" && scope !== "Device");
  if (batteries.length === 0) return true;
  const mains = supplies.filter(({ type }) => type === "Mains" || type?.startsWith("USB") === true);
  if (mains.some(({ online }) => online === "1")) return true;
  const states = batteries.map(({ status }) => status);
  if (states.includes("Discharging")) return false;
  if (states.some((state) => state === "Charging" || state === "Full" || state === "Not charging"))
    return true;
  return mains.some(({ online }) => online === "0") ? false : undefined;
}

export async function readPowerSupplies(directory = folder): Promise<readonly PowerSupply[]> {
  const names = await readdir(directory).catch(() => []);
  return Promise.all(names.map((name) => readSupply(join(directory, name))));
}

async function readSupply(directory: string): Promise<PowerSupply> {
  const files = ["type", "scope", "online", "status"];
  const texts = await Promise.all(
    files.map(async (file) => [file, await readFile(join(directory, file), "utf8").catch(() => "")] as const),
  );
  return Object.fromEntries(texts.map(([file, text]) => [file, text.trim()]));
}

/** The first line of `pmset -g batt`. */
export function parsePmsetPower(text: string): boolean | undefined {
  const source = /drawing from '([^']+)'/i.exec(text)?.[1];
  if (source === "AC Power") return true;
  return source === "Battery Power" || source === "UPS Power" ? false : undefined;
}
