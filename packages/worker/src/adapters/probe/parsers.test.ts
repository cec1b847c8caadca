import { describe, expect, test } from "vitest";
import { parseBytes, parseCgroupPath, parseCpuMax, parseDroppableBytes } from "./container-limits.ts";
import { parseProcCpuinfo, parseSysctl, usableCores } from "./cpu-info.ts";
import { describeGpus, parseNvidiaSmi } from "./gpus.ts";
import { parseMeminfo, parseVmStat } from "./memory-info.ts";

function cpuinfo(processors: readonly (readonly [socket: number, core: number])[]): string {
  return processors
    .map(
      ([socket, core], at) =>
        `processor\t: ${at}\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n` +
        `model name\t: AMD EPYC\nsiblings\t: 2\nphysical id\t: ${socket}\ncore id\t\t: ${core}\npower management:\n`,
    )
    .join("\n");
}

describe("cores", () => {
  test("two processors without shared cores are two cores", () => {
    expect(
      parseProcCpuinfo(
        cpuinfo([
          [0, 0],
          [0, 1],
        ]),
      ),
    ).toEqual({ model: "AMD EPYC", physicalCores: 2 });
  });

  test("processors that share a core count once, on each socket", () => {
    const twoSockets = [
      [0, 0],
      [0, 1],
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 0],
    ] as const;
    expect(parseProcCpuinfo(cpuinfo(twoSockets)).physicalCores).toBe(3);
  });

  test("a list without core numbers, as ARM's, says nothing about cores", () => {
    const arm =
      "processor\t: 0\nBogoMIPS\t: 50.00\nCPU part\t: 0xd0c\n\nprocessor\t: 1\nBogoMIPS\t: 50.00\n\n";
    expect(parseProcCpuinfo(arm)).toEqual({ model: undefined, physicalCores: undefined });
    expect(parseProcCpuinfo("")).toEqual({ model: undefined, physicalCores: undefined });
  });

  test("macOS tells the number and the name", () => {
    expect(parseSysctl("10\nApple M2 Pro\n")).toEqual({ model: "Apple M2 Pro", physicalCores: 10 });
    expect(parseSysctl("")).toEqual({ model: undefined, physicalCores: undefined });
  });

  test.each([
    ["what is known", { physicalCores: 8, logicalCores: 16 }, { physicalCores: 8, logicalCores: 16 }],
    ["half of them where nobody says", { logicalCores: 8 }, { physicalCores: 4, logicalCores: 8 }],
    ["at least one", { logicalCores: 1 }, { physicalCores: 1, logicalCores: 1 }],
    ["all where SMT is off", { logicalCores: 8, isSmtOff: true }, { physicalCores: 8, logicalCores: 8 }],
    [
      "no more than the quota",
      { physicalCores: 8, logicalCores: 16, limitCores: 2.5 },
      { physicalCores: 2, logicalCores: 3 },
    ],
    [
      "one under a small quota",
      { physicalCores: 8, logicalCores: 16, limitCores: 0.5 },
      { physicalCores: 1, logicalCores: 1 },
    ],
    [
      "no more than this process may use",
      { physicalCores: 8, logicalCores: 4 },
      { physicalCores: 4, logicalCores: 4 },
    ],
  ])("lends %s", (_, found, usable) => {
    expect(
      usableCores({ physicalCores: undefined, isSmtOff: false, limitCores: undefined, ...found }),
    ).toEqual(usable);
  });
});

describe("memory", () => {
  test("Linux counts what is available, not what is idle", () => {
    const meminfo =
      "MemTotal:       24683656 kB\nMemFree:        23751496 kB\nMemAvailable:   24308780 kB\nBuffers:            8212 kB\n";
    expect(parseMeminfo(meminfo)).toEqual({ totalBytes: 24683656 * 1024, availableBytes: 24308780 * 1024 });
    expect(parseMeminfo("")).toEqual({ totalBytes: undefined, availableBytes: undefined });
  });

  test("macOS counts free, inactive and speculative pages", () => {
    const vmStat =
      "Mach Virtual Memory Statistics: (page size of 16384 bytes)\n" +
      "Pages free:                               10.\nPages active:                           1000.\n" +
      "Pages inactive:                          200.\nPages speculative:                         3.\n";
    expect(parseVmStat(vmStat).availableBytes).toBe(213 * 16384);
    expect(parseVmStat("nonsense").availableBytes).toBeUndefined();
  });
});

describe("container limits", () => {
  test("read the kernel's forms", () => {
    expect(parseCgroupPath("9:name=systemd:/\n0::/user.slice/muster.service\n")).toBe(
      "/user.slice/muster.service",
    );
    expect(parseCgroupPath("4:memory:/x\n")).toBeUndefined();
    expect([parseCpuMax("150000 100000\n"), parseCpuMax("max 100000\n"), parseCpuMax("")]).toEqual([
      1.5,
      undefined,
      undefined,
    ]);
    expect([parseBytes("1073741824\n"), parseBytes("max\n")]).toEqual([1073741824, undefined]);
    expect(parseDroppableBytes("anon 5\ninactive_file 4096\nactive_file 9\n")).toBe(4096);
  });
});

describe("GPUs", () => {
  const mib = 1024 ** 2;
  const row = (index: number, name: string, memory: string) =>
    `${index}, GPU-${index}, ${name}, 550.90.07, [N/A], ${memory}, 0, 40, 12.5, 450.00\n`;
  const known = (index: number) => ({ uuid: `GPU-${index}`, driverVersion: "550.90.07" });
  const smi =
    row(0, "NVIDIA GeForce RTX 4090", "24564, 23941, 623") +
    row(1, "NVIDIA RTX A2000", "6138, 5000, 1138") +
    row(2, "NVIDIA GB10", "[N/A], [N/A], [N/A]");

  test("are read from nvidia-smi, and rows without numbers are left out", () => {
    expect(parseNvidiaSmi(smi)).toEqual([
      {
        ...{ name: "NVIDIA GeForce RTX 4090", vramBytes: 24564 * mib, freeVramBytes: 23941 * mib },
        ...known(0),
      },
      { name: "NVIDIA RTX A2000", vramBytes: 6138 * mib, freeVramBytes: 5000 * mib, ...known(1) },
    ]);
    expect(parseNvidiaSmi("No devices were found\n")).toEqual([]);
  });

  test("that are built into a processor use the machine's memory", () => {
    const devices = { backend: "metal", names: ["Apple M2 Pro"], totalBytes: 9, freeBytes: 5 };
    expect(describeGpus(devices, [])).toEqual([
      { name: "Apple M2 Pro", vramBytes: 9, freeVramBytes: 5, isUnified: true },
    ]);
  });

  test("that nvidia-smi knows get their own numbers, others what is left of the engine's sum", () => {
    const names = ["Intel(R) Arc(TM) A770", "NVIDIA RTX A2000"];
    const devices = { backend: "vulkan", names, totalBytes: 20000 * mib, freeBytes: 15000 * mib };
    expect(describeGpus(devices, parseNvidiaSmi(smi))).toEqual([
      { name: "Intel(R) Arc(TM) A770", vramBytes: 13862 * mib, freeVramBytes: 10000 * mib },
      { name: "NVIDIA RTX A2000", vramBytes: 6138 * mib, freeVramBytes: 5000 * mib, ...known(1) },
    ]);
  });

  test("of one kind are told apart though their names are the same", () => {
    const twins = parseNvidiaSmi(
      row(0, "NVIDIA L4", "23034, 22000, 1034") + row(1, "NVIDIA L4", "23034, 11000, 12034"),
    );
    expect(twins).toHaveLength(2);
    const devices = { backend: "cuda", names: ["NVIDIA L4", "NVIDIA L4"], totalBytes: 1, freeBytes: 1 };
    expect(describeGpus(devices, twins)).toEqual(twins);
  });

  test("that nobody else knows share the engine's sum evenly", () => {
    const devices = { backend: "metal", names: ["a", "b"], totalBytes: 9, freeBytes: 5 };
    expect(describeGpus(devices, [])).toEqual([
      { name: "a", vramBytes: 4, freeVramBytes: 2 },
      { name: "b", vramBytes: 4, freeVramBytes: 2 },
    ]);
  });
});
