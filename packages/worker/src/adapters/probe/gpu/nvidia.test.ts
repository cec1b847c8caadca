import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@muster/base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GpuReading, GpuTelemetry } from "../../../ports/gpu-telemetry.ts";
import { createNvidiaTelemetry } from "./nvidia.ts";

let folder: string;
let telemetry: GpuTelemetry | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-smi-"));
});

afterEach(async () => {
  await telemetry?.close();
  telemetry = undefined;
  await rm(folder, { recursive: true });
});

/** A shell script in the place of nvidia-smi. */
async function start(script: string, gpus?: readonly number[]): Promise<GpuTelemetry> {
  const program = join(folder, "nvidia-smi");
  await writeFile(program, `#!/bin/sh\ncd "${folder}"\necho "$*" >> calls\n${script}`);
  await chmod(program, 0o755);
  const env = { PATH: process.env["PATH"] };
  telemetry = createNvidiaTelemetry({ program, env, gpus, log: silentLog, everyMs: 100, platform: "linux" });
  return telemetry;
}

async function until(
  source: GpuTelemetry,
  isWanted: (readings: readonly GpuReading[]) => boolean,
): Promise<readonly GpuReading[]> {
  for (;;) {
    const readings = await source.read();
    if (isWanted(readings)) return readings;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const loop = (gpus: string, programs: string) => `
case "$*" in
  *pmon*) printf '# gpu pid type fb ccpm command\\n'; while true; do ${programs}; sleep 0.05; done;;
  *-lms*) while true; do ${gpus}; sleep 0.05; done;;
  *) ${gpus};;
esac
`;
const row = (index: number, used: string) =>
  `echo "${index}, GPU-${index}, NVIDIA L4, 550.1, [N/A], 23034, 20000, ${used}, 5, 40, 30.5, 72.00"`;

describe("nvidia-smi, running on", () => {
  it("tells of several GPUs and their programs, as they change", async () => {
    await writeFile(join(folder, "used"), "1000");
    const source = await start(
      loop(
        `${row(1, "7")}; ${row(0, "$(cat used)")}`,
        'echo "0 42 C $(cat used) 0 blender"; echo "1 - - - - -"',
      ),
      [0, 1],
    );
    const mib = 1024 ** 2;
    const [first, second] = await until(
      source,
      (all) => all.length === 2 && all.every(({ processes }) => processes !== undefined),
    );
    expect(first).toMatchObject({ uuid: "GPU-0", usedBytes: 1000 * mib, watts: 30.5 });
    expect(first?.processes).toEqual([{ pid: 42, bytes: 1000 * mib, name: "blender" }]);
    expect(second).toMatchObject({ uuid: "GPU-1", processes: [] });
    await writeFile(join(folder, "used"), "9000");
    await until(source, ([one]) => one?.usedBytes === 9000 * mib && one.processes?.[0]?.bytes === 9000 * mib);
    const calls = await readFile(join(folder, "calls"), "utf8");
    expect(calls).toContain("-i 0,1 --query-gpu=index,uuid,name");
    expect(calls.split("\n").filter((call) => /pmon|-lms/.test(call))).toHaveLength(2);
  });

  it("is started again when it dies", async () => {
    const source = await start(`case "$*" in *pmon*) exit 1;; esac
      if [ -e died ]; then while true; do ${row(0, "5")}; sleep 0.05; done; fi
      touch died; ${row(0, "4")}; exit 3`);
    await until(source, ([one]) => one?.usedBytes === 5 * 1024 ** 2);
    expect((await source.read())[0]?.processes).toBeUndefined();
  });

  it("whose loop says nothing is asked for each reading, and the first time at once", async () => {
    const source = await start(`case "$*" in *pmon*|*-lms*) exec sleep 600;; *) ${row(0, "3")};; esac`);
    expect(await source.read()).toMatchObject([{ usedBytes: 3 * 1024 ** 2, processes: undefined }]);
  });

  it("that is not installed tells nothing", async () => {
    const env = { PATH: folder };
    telemetry = createNvidiaTelemetry({ env, gpus: undefined, log: silentLog, everyMs: 100 });
    expect(await telemetry.read()).toEqual([]);
  });

  it("that prints garbage tells nothing, and is ended with us", async () => {
    const source = await start(`case "$*" in
      *-lms*) echo $$ > pid; while true; do echo nonsense; sleep 0.05; done;;
      *) echo nonsense;;
    esac`);
    const pid = async () => Number(await readFile(join(folder, "pid"), "utf8").catch(() => ""));
    while ((await pid()) === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await source.read()).toEqual([]);
    await source.close();
    const last = await pid();
    expect(() => process.kill(last, 0)).toThrow();
  });
});
