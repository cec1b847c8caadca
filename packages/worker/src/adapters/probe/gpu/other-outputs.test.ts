import { describe, expect, it } from "vitest";
import { parseIoreg } from "./apple.ts";
import { parseFdinfo, parseNumber, parsePciSlot } from "./drm-output.ts";
import { parseRocmSmi } from "./rocm-smi.ts";
import { parseWindowsCounters } from "./windows.ts";

const mib = 1024 ** 2;
const nothing = {
  ...{ totalBytes: undefined, freeBytes: undefined, usedBytes: undefined, utilization: undefined },
  ...{ temperatureCelsius: undefined, watts: undefined, limitWatts: undefined },
};

describe("rocm-smi", () => {
  it("tells of every card, whatever its version calls things", () => {
    const text = JSON.stringify({
      card10: { "Card Series": "N/A", "VRAM Total Memory (B)": "N/A", "GPU use (%)": "N/A" },
      card0: {
        "Card Series": "Radeon RX 7900 XTX",
        "Unique ID": "0x5c88007ad2ea5c7d",
        "VRAM Total Memory (B)": "25753026560",
        "VRAM Total Used Memory (B)": "1753026560",
        "GPU use (%)": "12",
        "Temperature (Sensor edge) (C)": "47.0",
        "Average Graphics Package Power (W)": "57.0",
        "Max Graphics Package Power (W)": "303.0",
      },
      card1: {
        "Card series": "Rembrandt [Radeon 680M]",
        "Current Socket Graphics Package Power (W)": "9.215",
        "Temperature (Sensor junction) (C)": "49.0",
      },
      system: { "Driver version": "6.8.5" },
    });
    const [first, second, third] = parseRocmSmi(
      `WARNING: AMD GPU device(s) is/are in a low-power state\n${text}`,
    );
    expect(first).toEqual({
      maker: "amd",
      name: "Radeon RX 7900 XTX",
      uuid: "0x5c88007ad2ea5c7d",
      driverVersion: "6.8.5",
      totalBytes: 25753026560,
      usedBytes: 1753026560,
      freeBytes: 24000000000,
      processes: undefined,
      utilization: 0.12,
      temperatureCelsius: 47,
      watts: 57,
      limitWatts: 303,
    });
    expect(second).toMatchObject({
      ...nothing,
      name: "Rembrandt [Radeon 680M]",
      watts: 9.215,
      temperatureCelsius: 49,
    });
    expect(third).toMatchObject({ ...nothing, name: undefined });
  });

  it.each(["", "No AMD GPUs specified", '{"card0": ', "[]", "null", '{"card0": null}'])(
    "that says %j tells of no memory",
    (text) => {
      expect(parseRocmSmi(text).filter(({ totalBytes }) => totalBytes !== undefined)).toEqual([]);
    },
  );
});

describe("the kernel's files", () => {
  it("tell what an open GPU has of its own memory", () => {
    const amd =
      "pos:\t0\nflags:\t02100002\ndrm-driver:\tamdgpu\ndrm-client-id:\t9\ndrm-pdev:\t0000:03:00.0\ndrm-memory-vram:\t524288 KiB\ndrm-memory-gtt: \t2048 KiB\n";
    expect(parseFdinfo(amd)).toEqual({ pciSlot: "0000:03:00.0", clientId: "9", bytes: 512 * mib });
    const intel =
      "drm-driver: xe\ndrm-client-id: 42\ndrm-pdev: 0000:2d:00.0\ndrm-total-system: 0\ndrm-resident-vram0: 3 MiB\ndrm-total-vram0: 5 MiB\n";
    expect(parseFdinfo(intel)).toMatchObject({ clientId: "42", bytes: 3 * mib });
  });

  it.each([
    "",
    "pos:\t0\nflags:\t02\n",
    "drm-pdev: 0000:03:00.0\ndrm-memory-vram: 4 MiB\n",
    "drm-pdev: 0000:03:00.0\ndrm-client-id: 1\ndrm-memory-vram: lots\n",
    "drm-pdev: 0000:03:00.0\ndrm-client-id: 1\ndrm-memory-vram: 1 furlong\n",
  ])("tell nothing where they have nothing: %j", (text) => {
    expect(parseFdinfo(text)).toBeUndefined();
  });

  it("hold numbers and places on the bus", () => {
    expect([
      parseNumber("25753026560\n"),
      parseNumber(""),
      parseNumber("-1"),
      parseNumber(undefined),
    ]).toEqual([25753026560, undefined, undefined, undefined]);
    expect(parsePciSlot("DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_SLOT_NAME=0000:03:00.0\n")).toBe("0000:03:00.0");
    expect(parsePciSlot(undefined)).toBeUndefined();
  });
});

describe("ioreg", () => {
  it("tells how busy an Apple GPU is, and leaves its memory to the machine", () => {
    const text = `+-o AGXAcceleratorG16X  <class AGXAcceleratorG16X, id 0x100000a0b, registered, matched, active>
    {
      "PerformanceStatistics" = {"Alloc system memory"=34170552320,"Tiler Utilization %"=3,"Device Utilization %"=25,"In use system memory"=31463079936}
      "model" = "Apple M4 Max"
    }
`;
    expect(parseIoreg(text)).toEqual([
      {
        ...nothing,
        ...{ maker: "apple", name: "Apple M4 Max", uuid: undefined, driverVersion: undefined },
        ...{ processes: undefined, utilization: 0.25 },
      },
    ]);
    expect(parseIoreg("")).toEqual([]);
    expect(parseIoreg("+-o AGXAccelerator <class>\n{\n}\n")).toEqual([]);
    const [unknown] = parseIoreg('+-o AGX\n"PerformanceStatistics" = {"Tiler Utilization %"=3}\n');
    expect(unknown).toMatchObject(nothing);
  });
});

describe("Windows' counters", () => {
  const line = JSON.stringify({
    adapters: [
      { Name: "luid_0x00000000_0x00011111_phys_0", DedicatedUsage: 3 * 1024 ** 3 },
      { Name: "luid_0x00000000_0x00022222_phys_0", DedicatedUsage: 0 },
    ],
    processes: [
      { Name: "pid_4120_luid_0x00000000_0x00011111_phys_0", DedicatedUsage: 2 * 1024 ** 3 },
      { Name: "pid_88_luid_0x00000000_0x00011111_phys_0", DedicatedUsage: 5 * mib },
      { Name: "nonsense", DedicatedUsage: 1 },
    ],
    engines: [
      { Name: "pid_4120_luid_0x00000000_0x00011111_phys_0_eng_0_engtype_3D", UtilizationPercentage: 30 },
      { Name: "pid_88_luid_0x00000000_0x00011111_phys_0_eng_0_engtype_3D", UtilizationPercentage: 11 },
      { Name: "pid_88_luid_0x00000000_0x00011111_phys_0_eng_5_engtype_Copy", UtilizationPercentage: 40 },
    ],
  });

  it("tell what is used of each adapter, by whom, and how busy its busiest engine is", () => {
    expect(parseWindowsCounters(line)).toEqual([
      {
        ...nothing,
        ...{ maker: undefined, name: undefined, uuid: undefined, driverVersion: undefined },
        usedBytes: 3 * 1024 ** 3,
        utilization: 0.41,
        processes: [
          { pid: 4120, bytes: 2 * 1024 ** 3, name: undefined },
          { pid: 88, bytes: 5 * mib, name: undefined },
        ],
      },
    ]);
  });

  it.each(["", "{", "null", "[]", '{"adapters": {"Name": "x"}}', line.slice(0, 80)])(
    "that are broken tell nothing: %j",
    (text) => {
      expect(parseWindowsCounters(text)).toEqual([]);
    },
  );
});
