import { Background, type Gpu, type Hardware, ManualClock, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { ReplicaReport } from "../core/link-messages.ts";
import type { GpuReading } from "../ports/gpu-telemetry.ts";
import type { MachineReading } from "../ports/machine-reader.ts";
import { MachineLoadReader, type OfferSettings } from "./machine-load.ts";

const gib = 1024 ** 3;
const card: Gpu = { name: "NVIDIA L4", vramBytes: 24 * gib, freeVramBytes: 23 * gib };

const noSettings: OfferSettings = {
  ...{ vramReserveBytes: undefined, ramReserveBytes: undefined },
  ...{ maxVramBytes: undefined, maxRamBytes: undefined },
};

function reading(change: Partial<GpuReading> = {}): GpuReading {
  const usedBytes = change.usedBytes ?? gib;
  return {
    ...{ maker: "nvidia", name: "NVIDIA L4", uuid: undefined, driverVersion: undefined },
    ...{ totalBytes: 24 * gib, usedBytes, freeBytes: 24 * gib - usedBytes, processes: undefined },
    ...{ utilization: 0.5, temperatureCelsius: 60, watts: 55, limitWatts: 72 },
    ...change,
  };
}

function replica(change: Partial<ReplicaReport>): ReplicaReport {
  return {
    ...{ replicaId: "rep-1", model: "m", state: "ready", progress: 1, slots: 1, contextTokens: 1 },
    ...{ engine: "e", backend: "cuda", fileBytes: 1, capabilities: [], modelSha256: undefined },
    ...{ engineVersion: undefined, failure: undefined, vramBytes: 0, ramBytes: 0, isFixed: false },
    ...{ variant: undefined, modelUri: "", gpuLayers: 0, layers: 0, loadMs: 0 },
    ...change,
  };
}

/** A machine that tests change while it is looked at. */
async function startReader(
  change: { readonly gpus?: readonly Gpu[]; readonly settings?: Partial<OfferSettings> } = {},
) {
  const clock = new ManualClock();
  const world = {
    gpus: [reading()] as readonly GpuReading[],
    machine: {
      ...{ availableRamBytes: 20 * gib, oursRamBytes: 0, pids: [], cpuWatts: undefined },
    } as MachineReading,
    replicas: [] as readonly ReplicaReport[],
    isOwnerHere: false,
    isClosed: false,
  };
  const hardware: Hardware = {
    ...{ hostname: "h", platform: "linux", arch: "x64", cpuModel: "c", physicalCores: 4 },
    ...{ logicalCores: 8, ramBytes: 32 * gib, freeRamBytes: 20 * gib, backend: "cuda" },
    gpus: change.gpus ?? [card],
  };
  const reader = new MachineLoadReader({
    hardware,
    gpus: {
      read: async () => world.gpus,
      close: async () => {
        world.isClosed = true;
      },
    },
    machine: { read: async () => world.machine },
    readCpu: () => 0.25,
    replicas: () => world.replicas,
    pids: () => world.machine.pids,
    isOwnerHere: () => world.isOwnerHere,
    settings: { ...noSettings, ...change.settings },
    clock,
    background: new Background(silentLog),
  });
  const after = async (seconds: number, changed: Partial<typeof world> = {}) => {
    Object.assign(world, changed);
    clock.advance(seconds * 1_000);
    await reader.refresh();
    return reader.load();
  };
  await reader.start();
  return { reader, world, after, clock };
}

/** The reserve of a GPU of 24 GiB. */
const kept = Math.round(24 * gib * 0.05);

describe("the machine's load", () => {
  it("offers what others leave, less a reserve, and tells what the driver tells", async () => {
    const { reader } = await startReader();
    expect(reader.load()).toEqual({
      cpuLoad: 0.25,
      freeRamBytes: 20 * gib,
      offeredRamBytes: 20 * gib - Math.round(32 * gib * 0.15),
      cpuWatts: undefined,
      gpus: [
        {
          ...{ freeVramBytes: 23 * gib, othersBytes: gib, offeredBytes: 23 * gib - kept },
          ...{ utilization: 0.5, temperatureCelsius: 60, watts: 55 },
        },
      ],
    });
  });

  it("shrinks at once for a program that grows, and comes back half a minute after it has left", async () => {
    const { after } = await startReader();
    const offered = async (seconds: number, usedGib?: number) => {
      const gpus = usedGib === undefined ? {} : { gpus: [reading({ usedBytes: usedGib * gib })] };
      return ((await after(seconds, gpus)).gpus?.[0]?.offeredBytes ?? 0) + kept;
    };
    expect(await offered(1, 20)).toBe(4 * gib);
    expect(await offered(1, 2)).toBe(4 * gib);
    expect(await offered(29)).toBe(4 * gib);
    expect(await offered(1)).toBe(22 * gib);
  });

  it("does not take its own load for somebody else's program", async () => {
    const { after } = await startReader();
    const loading = replica({ state: "loading", backend: "" });
    const growing = await after(1, { gpus: [reading({ usedBytes: 9 * gib })], replicas: [loading] });
    expect(growing.gpus?.[0]).toMatchObject({ othersBytes: gib, offeredBytes: 23 * gib - kept });
    const ready = replica({ vramBytes: 8 * gib });
    const just = await after(1, { gpus: [reading({ usedBytes: 9.5 * gib })], replicas: [ready] });
    expect(just.gpus?.[0]).toMatchObject({ othersBytes: gib, offeredBytes: 23 * gib - kept });
    const loaded = await after(5);
    expect(loaded.gpus?.[0]).toMatchObject({ othersBytes: 1.5 * gib, offeredBytes: 22.5 * gib - kept });
  });

  it("takes no engine that comes or goes for somebody's program, though the driver lists programs late", async () => {
    const { after, world } = await startReader();
    const none = reading({ processes: [] });
    await after(10, { gpus: [none] });
    const [engine, game] = [
      { pid: 7, bytes: gib, name: "engine" },
      { pid: 9, bytes: 5 * gib, name: "game" },
    ];
    const loading = await after(1, {
      machine: { ...world.machine, pids: [7] },
      gpus: [reading({ usedBytes: 12 * gib, processes: [engine] })],
      replicas: [replica({ state: "loading", backend: "" })],
    });
    expect(loading.gpus?.[0]).toMatchObject({ othersBytes: gib, offeredBytes: 23 * gib - kept });
    await after(10, {
      gpus: [reading({ usedBytes: 13 * gib, processes: [{ ...engine, bytes: 12 * gib }] })],
      replicas: [replica({ vramBytes: 12 * gib })],
    });
    // Killed: it is gone from our list at once, from the driver's figures a little later.
    const gone = await after(1, { machine: { ...world.machine, pids: [] }, replicas: [] });
    expect(gone.gpus?.[0]).toMatchObject({ othersBytes: gib, offeredBytes: 23 * gib - kept });
    const played = await after(1, { gpus: [reading({ usedBytes: 18 * gib, processes: [game] })] });
    expect(played.gpus?.[0]).toMatchObject({ othersBytes: 5 * gib });
    const later = await after(5);
    expect(later.gpus?.[0]).toMatchObject({ othersBytes: 18 * gib, offeredBytes: 6 * gib - kept });
  });

  it("offers no less main memory while that of an engine that was ended comes back", async () => {
    const { after, world } = await startReader({ settings: { ramReserveBytes: 0 } });
    const machine = { ...world.machine, availableRamBytes: 12 * gib, oursRamBytes: 8 * gib, pids: [7] };
    await after(10, { machine });
    const ended = { ...machine, oursRamBytes: 0, pids: [] };
    expect((await after(1, { machine: ended })).offeredRamBytes).toBe(20 * gib);
    expect((await after(5)).offeredRamBytes).toBe(12 * gib);
  });

  it("believes the driver about its own processes before its engines", async () => {
    const { after, world } = await startReader();
    const processes = [
      { pid: 7, bytes: 10 * gib, name: "engine" },
      { pid: 8, bytes: 3 * gib, name: "blender" },
    ];
    await after(1, {
      machine: { ...world.machine, pids: [7] },
      gpus: [reading({ usedBytes: 14 * gib, processes })],
      replicas: [replica({ vramBytes: 2 * gib })],
    });
    const load = await after(5);
    expect(load.gpus?.[0]).toMatchObject({ othersBytes: 4 * gib, offeredBytes: 20 * gib - kept });
  });

  it("divides what engines report among GPUs by what is used of each", async () => {
    const { after } = await startReader({ gpus: [card, card] });
    await after(1, {
      gpus: [reading({ usedBytes: 9 * gib }), reading({ usedBytes: 3 * gib })],
      replicas: [replica({ vramBytes: 8 * gib })],
    });
    const load = await after(5);
    expect(load.gpus?.map(({ othersBytes }) => othersBytes)).toEqual([3 * gib, gib]);
  });

  it("keeps what it offered when the driver falls silent, and offers no more", async () => {
    const { after } = await startReader();
    await after(1, { gpus: [reading({ usedBytes: 20 * gib })] });
    const load = await after(60, { gpus: [] });
    expect(load.gpus?.[0]).toEqual({
      ...{ freeVramBytes: 4 * gib, othersBytes: 20 * gib, offeredBytes: 4 * gib - kept },
      ...{ utilization: undefined, temperatureCelsius: undefined, watts: undefined },
    });
  });

  it("goes by what was found at the start where the driver never tells", async () => {
    const nothing = { totalBytes: undefined, usedBytes: undefined, freeBytes: undefined };
    const { after } = await startReader({ gpus: [{ ...card, name: "Arc A770" }] });
    const load = await after(1, {
      gpus: [{ ...reading(), ...nothing, name: undefined, maker: "intel" }],
      replicas: [replica({ vramBytes: 5 * gib })],
    });
    expect(load.gpus?.[0]).toMatchObject({
      ...{ freeVramBytes: 18 * gib, othersBytes: undefined, offeredBytes: 23 * gib - kept },
      watts: 55,
    });
  });

  it("offers main memory once, though a GPU has it too", async () => {
    const apple: Gpu = { name: "Apple M2", vramBytes: 21 * gib, freeVramBytes: 21 * gib, isUnified: true };
    const { reader } = await startReader({ gpus: [apple] });
    const { gpus, offeredRamBytes } = reader.load();
    expect(gpus?.[0]).toMatchObject({ othersBytes: undefined, offeredBytes: offeredRamBytes });
    expect(gpus?.[0]?.freeVramBytes).toBe(20 * gib);
  });

  it("keeps to its owner's limits, and keeps more free while the owner is there", async () => {
    const settings = { maxVramBytes: 6 * gib, maxRamBytes: 4 * gib };
    const { reader } = await startReader({ settings });
    expect(reader.load()).toMatchObject({ offeredRamBytes: 4 * gib, gpus: [{ offeredBytes: 6 * gib }] });
    const { after } = await startReader({ settings: { vramReserveBytes: 2 * gib } });
    const load = await after(1, { isOwnerHere: true });
    expect(load.gpus?.[0]?.offeredBytes).toBe(19 * gib);
  });

  it("counts its own processes' memory as its own", async () => {
    const { after, world } = await startReader({ settings: { ramReserveBytes: 0 } });
    const machine = { ...world.machine, availableRamBytes: 12 * gib, oursRamBytes: 8 * gib };
    expect((await after(1, { machine })).offeredRamBytes).toBe(20 * gib);
    const untold = { ...world.machine, availableRamBytes: 12 * gib, oursRamBytes: undefined };
    const replicas = [replica({ backend: "cpu", ramBytes: 3 * gib })];
    await after(1, { machine: untold, replicas });
    expect((await after(12)).offeredRamBytes).toBe(15 * gib);
  });

  it("tells nothing of GPUs whose driver has hung, and stops asking when it is closed", async () => {
    const { reader, clock, world } = await startReader();
    clock.advance(16_000);
    expect(reader.load().gpus).toEqual([]);
    await reader.close();
    expect(world.isClosed).toBe(true);
  });
});
