import { describe, expect, it } from "vitest";
import { isGpuUsedByOthers } from "./gpu-in-use.ts";

const gib = 1024 ** 3;
const idle = { vramBytes: 8 * gib, othersBytes: gib, utilization: 0.05 };
const calm = { isOursBusy: false, before: false } as const;
const busy = { isOursBusy: true, before: false } as const;

describe("isGpuUsedByOthers", () => {
  it("sees a GPU that works though nothing of ours runs", () => {
    expect(isGpuUsedByOthers([idle], calm)).toBe(false);
    expect(isGpuUsedByOthers([idle, { ...idle, utilization: 0.6 }], calm)).toBe(true);
    expect(isGpuUsedByOthers([{ ...idle, utilization: 0.9 }], busy)).toBe(false);
  });

  it("sees memory that others hold, whoever works", () => {
    expect(isGpuUsedByOthers([{ ...idle, othersBytes: 5 * gib }], busy)).toBe(true);
  });

  it("does not know what the driver does not tell, and keeps what it knew while ours run", () => {
    const mute = { vramBytes: 8 * gib, othersBytes: undefined, utilization: undefined };
    expect(isGpuUsedByOthers([mute], calm)).toBe("unknown");
    expect(isGpuUsedByOthers([mute], busy)).toBe(false);
    expect(isGpuUsedByOthers([mute], { isOursBusy: true, before: "unknown" })).toBe("unknown");
  });

  it("is not used where there is none", () => {
    expect(isGpuUsedByOthers([], calm)).toBe(false);
  });
});
