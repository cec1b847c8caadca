import { describe, expect, it } from "vitest";
import { defaultPlacementPolicy as policy } from "./fleet-state.ts";
import { readFleetText } from "./fleet-text.fixture.ts";
import { couldRun, planReport } from "./plan-report.ts";

const fleet = (...lines: string[]) => readFleetText(lines.join("\n")).state;

function sentences(...lines: string[]): string[] {
  return planReport(fleet(...lines), policy).flatMap(({ model, workers }) =>
    workers.map(({ name, fit }) => {
      if (fit.kind === "none") return `${model} on ${name}: ${fit.reason}`;
      const { variant, device, slots, contextTokens, gpuLayers } = fit.shape;
      const layers = gpuLayers === undefined ? "" : `, ${gpuLayers} layers on the GPU`;
      const speed = fit.tokensPerSecond.toFixed(0);
      return `${model} on ${name}: ${variant.id}, ${device}${layers}, ${slots} x ${contextTokens}, ${speed} tokens/s`;
    }),
  );
}

describe("planReport", () => {
  it("says for each worker what would fit there with nothing else loaded, or why nothing does", () => {
    expect(
      sentences(
        "worker big: gpu 22.5 GB at 936 GB/s, 48 GB main memory, room=3f",
        "holds gemma-4-e4b/q8_0: 4 slots with 4 in use, here for 60 min",
        "worker card: gpu 6 GB at 256 GB/s, 12 GB main memory, room=3f",
        "worker floor: gpu 22.5 GB at 936 GB/s, 48 GB main memory, room=2f",
        "worker full: gpu 22.5 GB at 936 GB/s, 48 GB main memory, 1 GB disk, room=3f",
        "worker ill: gpu 22.5 GB at 936 GB/s, 48 GB main memory, room=3f, failed gemma-4-12b/q8_0, failed gemma-4-12b/q4_k_m",
        "worker old: 8 GB main memory, room=3f",
        "model gemma-4-12b: only on room=3f",
        "model gemma-4-e4b",
      ).filter((sentence) => sentence.startsWith("gemma-4-12b")),
    ).toEqual([
      "gemma-4-12b on big: q8_0, gpu, 4 x 8192, 46 tokens/s",
      "gemma-4-12b on card: q4_k_m, partial, 26 layers on the GPU, 2 x 8192, 7 tokens/s",
      "gemma-4-12b on floor: floor lacks the label room=3f",
      "gemma-4-12b on full: full has 1.0 GB of disk free for a file of 12.7 GB",
      "gemma-4-12b on ill: it could not be loaded on ill lately",
      "gemma-4-12b on old: needs 9.9 GB, old offers 8.0 GB of main memory and no GPU",
    ]);
  });

  it("does not call it a fit where an answer would take for ever", () => {
    expect(sentences("worker slow: 64 GB main memory", "model gemma-4-31b")).toEqual([
      "gemma-4-31b on slow: q4_k_m, cpu, 2 x 8192, 2 tokens/s",
    ]);
    const state = fleet("worker slow: 64 GB main memory", "model gemma-4-31b");
    const [report] = planReport(state, { ...policy, leastTokensPerSecond: 5 });
    expect(report?.workers[0]?.fit).toMatchObject({ kind: "none", because: "speed" });
  });
});

describe("couldRun", () => {
  const desk = "worker desk: gpu 11 GB at 360 GB/s, 24 GB main memory";

  it("says at once where a replica is ready", () => {
    const state = fleet(desk, "holds gemma-4-e4b/q4_k_m: 4 slots with 4 in use");
    expect(couldRun(state, policy, "gemma-4-e4b")).toEqual({ kind: "yes", workerId: "desk", loadMs: 0 });
  });

  it("counts the time to fetch a file, and the time to read it from the disk", () => {
    const seconds = (...lines: string[]) => {
      const answer = couldRun(fleet(...lines, "model gemma-4-12b"), policy, "gemma-4-12b");
      return answer.kind === "yes" ? answer.loadMs / 1000 : answer.reason;
    };
    expect(seconds(desk)).toBeCloseTo(74 + 7.4);
    expect(seconds(`${desk}, has gemma-4-12b/q4_k_m`)).toBeCloseTo(7.4);
  });

  it("does not count on what must stay, and says what stands in the way", () => {
    const state = fleet(
      "worker desk: gpu 11 GB at 360 GB/s, 4 GB main memory",
      "holds gemma-4-e4b/q8_0: 4 slots with 0 in use, here for 60 min, chosen by the owner",
      "worker away: gpu 11 GB at 360 GB/s, 24 GB main memory, owner is there",
      "model gemma-4-12b",
      "model gemma-4-31b",
    );
    expect(couldRun(state, policy, "gemma-4-12b")).toEqual({
      kind: "no",
      reason: "desk could hold it, and has others in use, loading or pinned",
      isForNow: true,
    });
    const tooLarge = { kind: "no", isForNow: false };
    expect(
      couldRun(fleet("worker mini: 2 GB main memory", "model gemma-4-31b"), policy, "gemma-4-31b"),
    ).toMatchObject(tooLarge);
    expect(couldRun(fleet("model gemma-4-31b"), policy, "gemma-4-31b")).toMatchObject({ isForNow: true });
    expect(couldRun(state, policy, "no-such-model")).toEqual({
      kind: "no",
      reason: 'no model "no-such-model" is in the catalogue',
      isForNow: false,
    });
  });
});
