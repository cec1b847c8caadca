import { readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path/posix";
import { type Clock, systemClock } from "@muster/base";
import type { GpuMaker, GpuProcess, GpuReading, GpuTelemetry } from "../../../ports/gpu-telemetry.ts";
import { parseFdinfo, parseNumber, parsePciSlot } from "./drm-output.ts";

export interface DrmOptions {
  readonly clock?: Clock;
  /** Where the kernel's files are; other places are for tests. */
  readonly roots?: { readonly drm: string; readonly proc: string };
}

const makers: Readonly<Record<string, GpuMaker>> = { "0x1002": "amd", "0x8086": "intel" };
const maxCards = 32;
/** Of one process that are looked at: a program may have thousands of files open. */
const maxFiles = 1_024;

interface Card {
  readonly maker: GpuMaker;
  /** `/sys/class/drm/card0/device`. */
  readonly device: string;
  readonly pciSlot: string | undefined;
  readonly driverVersion: string | undefined;
  readonly hwmon: string | undefined;
}

/**
 * AMD's and Intel's GPUs on Linux, as the kernel tells in sysfs; NVIDIA's driver tells nothing there. Programs other than
 * our own are not looked through: that would take reading every open file of the machine.
 */
export function createDrmTelemetry(options: DrmOptions = {}): GpuTelemetry {
  const { clock = systemClock, roots = { drm: "/sys/class/drm", proc: "/proc" } } = options;
  /** Of cards that count energy instead of telling their power. */
  const energy = new Map<string, { readonly microjoules: number; readonly atMs: number }>();
  let cards: Promise<readonly Card[]> | undefined;

  async function readCard(card: Card): Promise<GpuReading> {
    const { maker, device, hwmon } = card;
    const unknown = {
      maker,
      ...{ name: undefined, uuid: undefined, totalBytes: undefined, freeBytes: undefined },
      ...{ usedBytes: undefined, processes: undefined, utilization: undefined },
      ...{ temperatureCelsius: undefined, watts: undefined, limitWatts: undefined },
      driverVersion: card.driverVersion,
    };
    // Asking for anything else would wake it.
    if ((await text(join(device, "power/runtime_status")))?.trim() === "suspended") return unknown;
    const number = async (name: string) => parseNumber(await text(join(device, name)));
    const sensor = async (name: string) =>
      hwmon === undefined ? undefined : parseNumber(await text(join(hwmon, name)));
    const [totalBytes, usedBytes, busy, name, uuid] = [
      await number("mem_info_vram_total"),
      await number("mem_info_vram_used"),
      await number("gpu_busy_percent"),
      await text(join(device, "product_name")),
      await text(join(device, "unique_id")),
    ];
    const microwatts = (await sensor("power1_average")) ?? (await sensor("power1_input"));
    const watts =
      microwatts === undefined ? wattsSince(card, await sensor("energy1_input")) : microwatts / 1e6;
    const milliCelsius = (await sensor("temp1_input")) ?? (await sensor("temp2_input"));
    const limit = (await sensor("power1_cap")) ?? (await sensor("power1_max"));
    return {
      ...unknown,
      name: worded(name),
      uuid: worded(uuid),
      totalBytes,
      usedBytes,
      freeBytes:
        totalBytes === undefined || usedBytes === undefined ? undefined : Math.max(0, totalBytes - usedBytes),
      utilization: busy === undefined ? undefined : Math.min(1, busy / 100),
      temperatureCelsius: milliCelsius === undefined ? undefined : milliCelsius / 1_000,
      watts,
      limitWatts: limit === undefined ? undefined : limit / 1e6,
    };
  }

  function wattsSince(card: Card, microjoules: number | undefined): number | undefined {
    if (microjoules === undefined) return undefined;
    const atMs = clock.nowMs();
    const before = energy.get(card.device);
    energy.set(card.device, { microjoules, atMs });
    if (before === undefined || microjoules < before.microjoules || atMs <= before.atMs) return undefined;
    return (microjoules - before.microjoules) / 1_000 / (atMs - before.atMs);
  }

  return {
    async read(ownPids = []) {
      cards ??= findCards(roots.drm);
      const found = await cards;
      if (found.length === 0) return [];
      const own = await ownMemory(ownPids, roots.proc);
      const readings: GpuReading[] = [];
      for (const card of found) {
        const processes = card.pciSlot === undefined ? undefined : own.get(card.pciSlot);
        readings.push({ ...(await readCard(card)), processes });
      }
      return readings;
    },
    close: async () => {},
  };
}

async function findCards(root: string): Promise<readonly Card[]> {
  const names = (await readdir(root).catch(() => [])).filter((name) => /^card\d+$/.test(name));
  names.sort((a, b) => Number(a.slice(4)) - Number(b.slice(4)));
  const cards: Card[] = [];
  for (const name of names.slice(0, maxCards)) {
    const device = join(root, name, "device");
    const maker = makers[(await text(join(device, "vendor")))?.trim() ?? ""];
    if (maker === undefined) continue;
    const [sensors] = await readdir(join(device, "hwmon")).catch(() => []);
    cards.push({
      maker,
      device,
      pciSlot: parsePciSlot(await text(join(device, "uevent"))),
      driverVersion: worded(await text(join(device, "driver/module/version"))),
      hwmon: sensors === undefined ? undefined : join(device, "hwmon", sensors),
    });
  }
  return cards;
}

/** What these processes have, by the GPU's place on the bus. A client whose file is open twice counts once. */
async function ownMemory(
  pids: readonly number[],
  proc: string,
): Promise<ReadonlyMap<string, readonly GpuProcess[]>> {
  const found = new Map<string, GpuProcess[]>();
  for (const pid of pids) {
    const clients = new Map<string, { readonly pciSlot: string; readonly bytes: number }>();
    const folder = join(proc, String(pid));
    const files = (await readdir(join(folder, "fd")).catch(() => [])).slice(0, maxFiles);
    for (const file of files) {
      // Only files of GPUs have what is looked for, and reading the others costs as much.
      const target = await readlink(join(folder, "fd", file)).catch(() => "");
      if (!target.startsWith("/dev/dri/")) continue;
      const client = parseFdinfo((await text(join(folder, "fdinfo", file))) ?? "");
      if (client !== undefined) clients.set(`${client.pciSlot} ${client.clientId}`, client);
    }
    const sums = new Map<string, number>();
    for (const { pciSlot, bytes } of clients.values()) {
      sums.set(pciSlot, (sums.get(pciSlot) ?? 0) + bytes);
    }
    for (const [pciSlot, bytes] of sums) {
      found.set(pciSlot, [...(found.get(pciSlot) ?? []), { pid, bytes, name: undefined }]);
    }
  }
  return found;
}

function worded(value: string | undefined): string | undefined {
  const words = value?.trim();
  return words === undefined || words === "" || words === "0" ? undefined : words;
}

async function text(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}
