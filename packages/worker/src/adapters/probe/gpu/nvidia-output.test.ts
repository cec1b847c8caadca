import { describe, expect, it } from "vitest";
import { createProcessLineParser, parseGpuLine } from "./nvidia-output.ts";

const mib = 1024 ** 2;

describe("a line of nvidia-smi's query", () => {
  it("is a GPU with all that its driver tells", () => {
    const line =
      "0, GPU-5d2f3f0a-1c54-0b0e-2f0c-3a1a0c7d9b11, NVIDIA GeForce RTX 4090, 550.90.07, [N/A], 24564, 23120, 1008, 37, 54, 118.42, 450.00";
    expect(parseGpuLine(line)).toEqual({
      index: 0,
      maker: "nvidia",
      uuid: "GPU-5d2f3f0a-1c54-0b0e-2f0c-3a1a0c7d9b11",
      name: "NVIDIA GeForce RTX 4090",
      driverVersion: "550.90.07",
      totalBytes: 24564 * mib,
      freeBytes: 23120 * mib,
      usedBytes: 1008 * mib,
      processes: undefined,
      utilization: 0.37,
      temperatureCelsius: 54,
      watts: 118.42,
      limitWatts: 450,
    });
  });

  it.each([
    ["[N/A]", "[N/A]"],
    ["[Not Supported]", "[Not Supported]"],
    ["[Unknown Error]", "[Unknown Error]"],
    ["N/A", "N/A"],
    ["", "-"],
  ])("leaves unknown what is %j or %j", (one, other) => {
    const line = `1, GPU-1, NVIDIA GB10, 580.95, ${one}, ${one}, ${other}, ${one}, ${other}, ${one}, ${other}, ${one}`;
    expect(parseGpuLine(line)).toEqual({
      index: 1,
      maker: "nvidia",
      uuid: "GPU-1",
      name: "NVIDIA GB10",
      driverVersion: "580.95",
      processes: undefined,
      ...{ totalBytes: undefined, freeBytes: undefined, usedBytes: undefined },
      ...{ utilization: undefined, temperatureCelsius: undefined, watts: undefined, limitWatts: undefined },
    });
  });

  it("of a GPU that is divided says nothing of its slices' memory and load", () => {
    const line =
      "0, GPU-a, NVIDIA A100-SXM4-40GB, 550.54.15, Enabled, 40960, 40352, 87, 0, 31, 49.87, 400.00";
    expect(parseGpuLine(line)).toMatchObject({
      ...{ totalBytes: undefined, freeBytes: undefined, usedBytes: undefined, utilization: undefined },
      ...{ temperatureCelsius: 31, watts: 49.87 },
    });
  });

  it.each([
    "",
    "No devices were found",
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
    'Field "mig.mode.current" is not a valid field to query.',
    "0, GPU-5d2f3f0a, NVIDIA GeForce RTX 4090, 550.90.07, [N/A], 24564, 23",
    "Unable to determine the device handle for GPU0000:01:00.0: Unknown Error",
    "x, GPU-1, a, 1, a, 1, 1, 1, 1, 1, 1, 1",
  ])("that says something else is no GPU: %j", (line) => {
    expect(parseGpuLine(line)).toBeUndefined();
  });

  it("never makes a number of what is none", () => {
    const line = "0, GPU-1, GPU, 1, Disabled, -1, NaN, Infinity, 1e999, -3, ERR!, 1.5.2";
    expect(parseGpuLine(line)).toMatchObject({
      ...{ totalBytes: undefined, freeBytes: undefined, usedBytes: undefined, utilization: undefined },
      ...{ temperatureCelsius: undefined, watts: undefined, limitWatts: undefined },
    });
  });
});

describe("the list of programs", () => {
  function parse(text: string) {
    const parseLine = createProcessLineParser();
    return text.split("\n").flatMap((line) => parseLine(line) ?? []);
  }

  it("has compute and graphics programs with their memory, on several GPUs", () => {
    const text = `# gpu         pid   type     fb   ccpm    command
# Idx           #    C/G     MB     MB    name
    0       1312     G     97      0    Xorg
    0     740204     C   5830      0    llama-server
    1       1941   C+G      5      0    Isolated Web Co
    2          -      -      -      -    -
`;
    expect(parse(text)).toEqual([
      { gpuIndex: 0, process: { pid: 1312, bytes: 97 * mib, name: "Xorg" } },
      { gpuIndex: 0, process: { pid: 740204, bytes: 5830 * mib, name: "llama-server" } },
      { gpuIndex: 1, process: { pid: 1941, bytes: 5 * mib, name: "Isolated Web Co" } },
      { gpuIndex: 2, process: undefined },
    ]);
  });

  it("of an older driver has fewer columns, and memory may be kept back", () => {
    const text = `# gpu        pid  type    fb   command
# Idx          #   C/G    MB   name
    0       2355     G     4   Xorg
    0       2400     C     -   python
`;
    expect(parse(text)).toEqual([
      { gpuIndex: 0, process: { pid: 2355, bytes: 4 * mib, name: "Xorg" } },
      { gpuIndex: 0, process: { pid: 2400, bytes: undefined, name: "python" } },
    ]);
  });

  it("is empty where the tool cannot, or breaks off", () => {
    expect(parse("Process monitoring is not supported on this system\n")).toEqual([]);
    expect(parse("    0       1312     G     97      0    Xorg\n")).toEqual([]);
    expect(
      parse("# gpu pid type fb command\n# Idx # C/G MB name\n    0\n    0      [N/A]     C  -  x\n"),
    ).toEqual([]);
  });
});
