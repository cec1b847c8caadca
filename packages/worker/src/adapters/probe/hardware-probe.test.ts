import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { type Log, type LogFields, silentLog } from "@muster/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readContainerLimits } from "./container-limits.ts";
import { createHardwareProbe } from "./hardware-probe.ts";

let folder: string;
let warnings: { readonly fields: LogFields; readonly words: string }[];
let log: Log;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-probe-"));
  warnings = [];
  log = { ...silentLog, warn: (fields, words) => void warnings.push({ fields, words }) };
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Runs the probe with a child of this source instead of the engine's. */
async function probeWith(source: string, timeoutMs = 20_000) {
  const childEntry = join(folder, "child.mjs");
  await writeFile(childEntry, source);
  return await createHardwareProbe({ log, childEntry, timeoutMs }).probe();
}

describe("the hardware probe", () => {
  test("tells about this machine and the engine's devices", async () => {
    const answer = {
      kind: "devices",
      backend: "vulkan",
      names: ["Some GPU"],
      totalBytes: 8e9,
      freeBytes: 7e9,
    };
    const hardware = await probeWith(`process.send(${JSON.stringify(answer)}); setInterval(() => {}, 1000);`);
    expect(hardware.backend).toBe("vulkan");
    expect(hardware.gpus).toEqual([{ name: "Some GPU", vramBytes: 8e9, freeVramBytes: 7e9 }]);
    expect(hardware.ramBytesPerSecond).toBeGreaterThan(0);
    expect(hardware.cpuModel).not.toBe("");
    expect(hardware.physicalCores).toBeGreaterThanOrEqual(1);
    expect(hardware.logicalCores).toBeLessThanOrEqual(availableParallelism());
    expect(hardware.ramBytes).toBeLessThanOrEqual(totalmem());
    expect(hardware.freeRamBytes).toBeGreaterThan(0);
    expect(hardware.freeRamBytes).toBeLessThanOrEqual(hardware.ramBytes);
    expect(warnings).toEqual([]);
  });

  test.each([
    ["crashes", "process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000);", "SIGSEGV"],
    ["exits", "process.exit(3);", "exit code 3"],
    ["says that it failed", "process.send({ kind: 'failed', reason: 'no binary' });", "no binary"],
    ["talks nonsense", "process.send({ kind: 'devices', backend: 7 });", "makes no sense"],
  ])("goes on without GPUs, and says why, when the engine %s", async (_, source, reason) => {
    expect(await probeWith(source)).toMatchObject({ backend: "cpu", gpus: [] });
    expect(warnings[0]?.fields["reason"]).toContain(reason);
  });

  test("goes on without GPUs when the engine hangs", async () => {
    expect(await probeWith("setInterval(() => {}, 1000);", 300)).toMatchObject({ backend: "cpu", gpus: [] });
    expect(warnings[0]?.fields["reason"]).toContain("no answer within 300 ms");
  });

  test("keeps secrets from the engine's process", async () => {
    process.env["HF_TOKEN"] = "hf_secret";
    const source = `const isLeaked = "HF_TOKEN" in process.env;
      if (isLeaked) process.send({ kind: "failed", reason: "HF_TOKEN leaked" });
      else process.send({ kind: "devices", backend: "cpu", names: [], totalBytes: 0, freeBytes: 0 });`;
    expect(await probeWith(source)).toMatchObject({ backend: "cpu" });
    delete process.env["HF_TOKEN"];
    expect(warnings).toEqual([]);
  });
});

test("the tightest limit of all groups on the way up counts", async () => {
  const cgroup = join(folder, "cgroup");
  await mkdir(join(cgroup, "a/b"), { recursive: true });
  await mkdir(join(folder, "proc/self"), { recursive: true });
  await writeFile(join(folder, "proc/self/cgroup"), "0::/a/b\n");
  await writeFile(join(cgroup, "a/cpu.max"), "200000 100000\n");
  await writeFile(join(cgroup, "a/b/cpu.max"), "max 100000\n");
  await writeFile(join(cgroup, "a/memory.max"), "8000\n");
  await writeFile(join(cgroup, "a/memory.current"), "7000\n");
  await writeFile(join(cgroup, "a/memory.stat"), "anon 5000\ninactive_file 1500\n");
  await writeFile(join(cgroup, "a/b/memory.max"), "max\n");
  const limits = await readContainerLimits({ cgroup, proc: join(folder, "proc") });
  expect(limits).toEqual({ cores: 2, memoryBytes: 8000, freeMemoryBytes: 2500 });
});

test("without groups there are no limits", async () => {
  const nowhere = { cgroup: join(folder, "none"), proc: join(folder, "none") };
  expect(await readContainerLimits(nowhere)).toEqual({
    cores: undefined,
    memoryBytes: undefined,
    freeMemoryBytes: undefined,
  });
});
