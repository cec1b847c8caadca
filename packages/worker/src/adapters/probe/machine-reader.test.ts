import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "@muster/base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCpuEnergy } from "./cpu-energy.ts";
import { createMachineReader } from "./machine-reader.ts";
import { parseChildren, parseOwnBytes } from "./proc-status.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-machine-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function put(files: Readonly<Record<string, string>>) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

const status = (anonKb: number) =>
  `Name:\tnode\nVmRSS:\t  900000 kB\nRssAnon:\t  ${anonKb} kB\nRssFile:\t  800000 kB\nRssShmem:\t       4 kB\n`;

describe("the machine's memory", () => {
  const roots = () => ({
    proc: join(folder, "proc"),
    cgroup: join(folder, "cgroup"),
    powercap: join(folder, "powercap"),
  });

  it("is what is left in the container, beside ours and what ours have started", async () => {
    await put({
      "proc/meminfo": "MemTotal:  64000 kB\nMemAvailable:  32000 kB\n",
      "proc/self/cgroup": "0::/c\n",
      "cgroup/c/memory.max": "20000000\n",
      "cgroup/c/memory.current": "15000000\n",
      "cgroup/c/memory.stat": "inactive_file 1000000\nactive_file 4000000\n",
      "proc/10/status": status(100),
      "proc/10/task/10/children": "11 12 \n",
      "proc/11/status": status(50),
      "proc/12/task/12/children": "10\n",
    });
    const reader = createMachineReader({ env: {}, roots: roots(), platform: "linux" });
    expect(await reader.read([10])).toEqual({
      availableRamBytes: 10_000_000,
      oursRamBytes: (100 + 4 + 50 + 4) * 1024,
      pids: [10, 11, 12],
      cpuWatts: undefined,
    });
    expect(await reader.read([])).toMatchObject({ oursRamBytes: 0, pids: [] });
    expect(await reader.read([99])).toMatchObject({ oursRamBytes: undefined, pids: [99] });
  });

  it.runIf(process.platform === "linux")(
    "is read from this machine, with a process and its child",
    async () => {
      const child = spawn(process.execPath, [
        "-e",
        `const { spawn } = require("node:child_process");
       const own = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
       process.on("SIGTERM", () => { own.kill("SIGKILL"); process.exit(); });
       setInterval(() => {}, 1000); console.log(own.pid);`,
      ]);
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      const reading = await createMachineReader({ env: {} }).read([child.pid ?? 0]);
      child.kill("SIGTERM");
      await once(child, "exit");
      expect(reading.pids).toContain(Number(line.toString()));
      expect(reading.oursRamBytes).toBeGreaterThan(2 * 2 ** 20);
      expect(reading.availableRamBytes).toBeGreaterThan(0);
    },
  );

  it("is only what the system says on others than Linux", async () => {
    const reading = await createMachineReader({ env: {}, platform: "win32" }).read([5]);
    expect(reading).toMatchObject({ oursRamBytes: undefined, cpuWatts: undefined, pids: [5] });
    expect(reading.availableRamBytes).toBeGreaterThan(0);
  });

  it("has nothing of a broken status", () => {
    expect([parseOwnBytes(""), parseOwnBytes("RssAnon:\tmany kB\n")]).toEqual([undefined, undefined]);
    expect(parseChildren("")).toEqual([]);
  });
});

describe("the processors' energy", () => {
  it("is the counters' difference over time, all sockets together, across a counter's end", async () => {
    const clock = new ManualClock();
    const counter = (name: string, at: number) =>
      put({
        [`intel-rapl:${name}/name`]: `package-${name}\n`,
        [`intel-rapl:${name}/energy_uj`]: `${at}\n`,
        [`intel-rapl:${name}/max_energy_range_uj`]: "1000000000\n",
      });
    await put({ "intel-rapl:2/name": "psys\n", "intel-rapl:2/energy_uj": "1\n" });
    await put({ "intel-rapl:0:0/name": "core\n", "intel-rapl:0:0/energy_uj": "1\n" });
    await counter("0", 0);
    await counter("1", 990_000_000);
    const read = createCpuEnergy(clock, folder);
    expect(await read()).toBeUndefined();
    await counter("0", 30_000_000);
    await counter("1", 20_000_000);
    clock.advance(2_000);
    expect(await read()).toBe(15 + 15);
  });

  it("is unknown where nobody may read it", async () => {
    await put({ "intel-rapl:0/name": "package-0\n" });
    const read = createCpuEnergy(new ManualClock(), folder);
    expect([await read(), await read()]).toEqual([undefined, undefined]);
  });
});
