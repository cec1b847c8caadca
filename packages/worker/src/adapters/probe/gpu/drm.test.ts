import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "@muster/base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDrmTelemetry } from "./drm.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-drm-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function put(root: string, files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, root, name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text);
  }
}

/** An open file of a process: where it leads, and what the kernel tells of it. */
async function open(
  pid: number,
  file: { readonly fd: number; readonly target: string; readonly info: string },
) {
  await put(`proc/${pid}/fdinfo`, { [file.fd]: file.info });
  await mkdir(join(folder, `proc/${pid}/fd`), { recursive: true });
  await symlink(file.target, join(folder, `proc/${pid}/fd/${file.fd}`));
}

const mib = 1024 ** 2;
const amd = {
  vendor: "0x1002\n",
  uevent: "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n",
  mem_info_vram_total: "25753026560\n",
  mem_info_vram_used: "1753026560\n",
  gpu_busy_percent: "12\n",
  product_name: "Radeon RX 7900 XTX\n",
  unique_id: "5c88007ad2ea5c7d\n",
  "hwmon/hwmon3/power1_average": "57000000\n",
  "hwmon/hwmon3/power1_cap": "303000000\n",
  "hwmon/hwmon3/temp1_input": "47000\n",
};

describe("sysfs", () => {
  const start = (clock = new ManualClock()) =>
    createDrmTelemetry({ clock, roots: { drm: join(folder, "drm"), proc: join(folder, "proc") } });

  it("tells all of an AMD card, and what our own processes have on it", async () => {
    await put("drm/card1/device", amd);
    await put("drm/card0/device", { vendor: "0x10de\n" });
    await put("drm/card1-DP-1", { status: "connected\n" });
    const info = (kib: number, client: number) =>
      `drm-driver:\tamdgpu\ndrm-client-id:\t${client}\ndrm-pdev:\t0000:03:00.0\ndrm-memory-vram:\t${kib} KiB\n`;
    await open(77, { fd: 9, target: "/dev/dri/renderD128", info: info(4096, 5) });
    await open(77, { fd: 10, target: "/dev/dri/renderD128", info: info(4096, 5) });
    await open(77, { fd: 11, target: "/dev/dri/renderD128", info: info(1024, 6) });
    await open(77, { fd: 12, target: "/tmp/file", info: info(9999, 7) });
    expect(await start().read([77, 78])).toEqual([
      {
        ...{ maker: "amd", name: "Radeon RX 7900 XTX", uuid: "5c88007ad2ea5c7d", driverVersion: undefined },
        ...{ totalBytes: 25753026560, usedBytes: 1753026560, freeBytes: 24000000000 },
        ...{ utilization: 0.12, temperatureCelsius: 47, watts: 57, limitWatts: 303 },
        processes: [{ pid: 77, bytes: 5 * mib, name: undefined }],
      },
    ]);
  });

  it("tells what an Intel card draws by the energy that it counts, and leaves the rest unknown", async () => {
    const counted = (microjoules: number) =>
      put("drm/card0/device", { vendor: "0x8086\n", "hwmon/hwmon1/energy1_input": `${microjoules}\n` });
    await counted(5_000_000);
    const clock = new ManualClock();
    const telemetry = start(clock);
    expect(await telemetry.read()).toMatchObject([{ maker: "intel", watts: undefined }]);
    await counted(65_000_000);
    clock.advance(2_000);
    expect(await telemetry.read()).toMatchObject([
      {
        watts: 30,
        totalBytes: undefined,
        usedBytes: undefined,
        utilization: undefined,
        processes: undefined,
      },
    ]);
  });

  it("does not wake a card that sleeps", async () => {
    await put("drm/card0/device", { ...amd, "power/runtime_status": "suspended\n" });
    expect(await start().read()).toMatchObject([{ maker: "amd", usedBytes: undefined, watts: undefined }]);
  });

  it("tells nothing where there is nothing, or nonsense", async () => {
    expect(await start().read([1])).toEqual([]);
    const nonsense = Object.fromEntries(Object.keys(amd).map((name) => [name, "nonsense\n"]));
    await put("drm/card0/device", { ...nonsense, vendor: "0x1002\n" });
    expect(await start().read([1])).toMatchObject([
      { totalBytes: undefined, freeBytes: undefined, utilization: undefined, watts: undefined },
    ]);
  });
});
