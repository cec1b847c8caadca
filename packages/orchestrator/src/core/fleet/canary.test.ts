import { type Capability, goldenCacheSalt, type InferenceDelta } from "@muster/base";
import type { GoldenPrompt } from "@muster/models";
import { describe, expect, it } from "vitest";
import { askAgainMs, fingerprintOf, isAskedToProve, patienceMs, quarantineMs } from "./canary.ts";
import { canaryQuestions } from "./canary-questions.ts";
import { testHardware, testReplica, testWorkerView } from "./worker.fixture.ts";

const france: GoldenPrompt = { prompt: "What is the capital of France?", expects: ["Paris"], maxTokens: 16 };
const chat: ReadonlySet<Capability> = new Set(["chat", "completion"]);
const said = (text: string, kind: "text" | "reasoning" = "text"): InferenceDelta => ({
  kind,
  text,
  tokens: 1,
});

function faultOf(
  capabilities: ReadonlySet<Capability>,
  deltas: readonly InferenceDelta[],
  golden = [france],
) {
  const [question] = canaryQuestions(capabilities, golden);
  return question?.fault(deltas);
}

describe("who is asked golden prompts", () => {
  const file = testReplica({ engine: "node-llama-cpp", modelUri: "hf:o/r/f.gguf" });
  const stub = testReplica({ engine: "stub", modelUri: "stub:m" });
  const upstream = testReplica({ engine: "openai", modelUri: "openai:http://h/v1#m" });

  it("are those that load files, everybody, or nobody", () => {
    expect([file, stub, upstream].map((one) => isAskedToProve(one, "on"))).toEqual([true, false, false]);
    expect([file, stub, upstream].map((one) => isAskedToProve(one, "all"))).toEqual([true, true, true]);
    expect([file, stub, upstream].map((one) => isAskedToProve(one, "off"))).toEqual([false, false, false]);
  });
});

describe("a proof", () => {
  const gpu = { name: "RTX", vramBytes: 1, freeVramBytes: 1, driverVersion: "550.1" };
  const worker = testWorkerView({ hardware: { ...testHardware, gpus: [gpu] } });
  const replica = testReplica({ modelSha256: "aa", engineVersion: "b100", backend: "cuda", variant: "q4" });
  const proof = fingerprintOf(worker, replica, [france]);

  it.each([
    ["driver", { ...worker, hardware: { ...testHardware, gpus: [{ ...gpu, driverVersion: "551" }] } }, {}],
    ["worker", { ...worker, id: "w2" }, {}],
    ["engine's version", worker, { engineVersion: "b101" }],
    ["engine", worker, { engine: "llama-server" }],
    ["variant", worker, { variant: "q8" }],
    ["backend", worker, { backend: "cpu" }],
    ["file", worker, { modelSha256: "bb" }],
    ["share on the GPU", worker, { layers: 10, gpuLayers: 5 }],
  ])("ends with another %s", (_what, otherWorker, change) => {
    expect(fingerprintOf(otherWorker, { ...replica, ...change }, [france])).not.toBe(proof);
  });

  it("is asked for with a salt of its own: no tenant's prompts share beginnings with it", () => {
    for (const golden of [[], [france]])
      expect(canaryQuestions(chat, golden)[0]?.request).toMatchObject({ cacheSalt: goldenCacheSalt });
  });

  it("ends with other prompts, and lasts through what does not matter", () => {
    expect(fingerprintOf(worker, replica, [])).not.toBe(proof);
    const later = { ...worker, hardware: { ...worker.hardware, gpus: [{ ...gpu, freeVramBytes: 0 }] } };
    expect(fingerprintOf(later, { ...replica, id: "rep-9", slots: 9, loadMs: 5 }, [france])).toBe(proof);
  });

  it("is of the address and size where nobody knows the file's hash", () => {
    const named = { ...replica, modelSha256: undefined, modelUri: "file:/m", fileBytes: 5 };
    const grown = fingerprintOf(worker, { ...named, fileBytes: 6 }, []);
    expect(fingerprintOf(worker, named, [])).not.toBe(grown);
  });
});

describe("an answer to a golden prompt", () => {
  it("passes in any case, with words around it, in pieces", () => {
    expect(faultOf(chat, [said("The capital is PA"), said("RIS.")])).toBeUndefined();
  });

  it("passes where a model has only come to think it", () => {
    expect(faultOf(chat, [said("France... its capital is Paris", "reasoning")])).toBeUndefined();
  });

  it("is wrong with what came in one short line", () => {
    expect(faultOf(chat, [said("Lon\u001b[2Jdon\n\nit's")])).toBe("answered 'Lon [2Jdon it’s'");
    expect(faultOf(chat, [])).toBe("answered nothing");
    expect(faultOf(chat, [said("x".repeat(500))])).toHaveLength("answered ''".length + 60);
  });

  it("is asked for as a text of models that only continue texts, and without thoughts of the others", () => {
    const [completion] = canaryQuestions(new Set(["completion"]), [france]);
    expect(completion?.request).toMatchObject({ prompt: { kind: "text", text: france.prompt } });
    const [asChat] = canaryQuestions(chat, [france]);
    expect(asChat?.request).toMatchObject({
      prompt: { kind: "chat" },
      thinking: { mode: "off" },
      sampling: { temperature: 0 },
      maxTokens: 16,
    });
    expect(canaryQuestions(new Set(["chat", "thinking"]), [france])[0]?.tokens).toBeGreaterThan(200);
  });
});

describe("an answer of a model that nobody knows", () => {
  const fault = (text: string) => faultOf(chat, [said(text)], []);

  it("passes when it is text of any kind", () => {
    for (const text of [
      "The sea is blue.",
      "好的，大海很美。",
      "Ja.",
      "cut inside a character\uFFFD",
      "🌊🌊🌊 the sea",
    ])
      expect(fault(text)).toBeUndefined();
  });

  it("is wrong when it is nothing, one token over and over, or no text", () => {
    expect(fault("")).toBe("answered nothing");
    expect(fault("@".repeat(24))).toContain("one token over and over: '@@@");
    expect(fault("sea ".repeat(24))).toContain("one token over and over");
    expect(fault("a\uFFFD\uFFFDb\uFFFD\u0001\u0002")).toContain("what is no text");
  });
});

describe("an embedding model", () => {
  const fault = (...vectors: readonly (readonly number[])[]) =>
    faultOf(
      new Set(["embedding"]),
      vectors.map((values, index) => ({ kind: "embedding", index, values, tokens: 0 })),
    );

  it("passes with vectors of length 1 of which the related ones are nearest", () => {
    expect(fault([1, 0], [0.8, 0.6], [0, 1])).toBeUndefined();
  });

  it("is wrong with vectors that are missing, broken, too long or mixed up", () => {
    expect(fault([1, 0], [0.8, 0.6])).toContain("none");
    expect(fault([1, 0], [Number.NaN, 0], [0, 1])).toContain("no numbers");
    expect(fault([2, 0], [0.8, 0.6], [0, 1])).toContain("length 2.00");
    expect(fault([1, 0], [0, 1], [0.8, 0.6])).toContain("unrelated");
  });
});

describe("a reranker", () => {
  const fault = (...scores: readonly number[]) =>
    faultOf(
      new Set(["rerank"]),
      scores.map((score, index) => ({ kind: "score", index, score, tokens: 0 })),
    );

  it("must put the document that answers the query first", () => {
    expect(fault(0.9, 0.1, 0.2)).toBeUndefined();
    expect(fault(0.1, 0.1, 0.2)).toContain("first");
    expect(fault(0.9, 0.1)).toContain("too few");
  });
});

describe("the time for an answer", () => {
  it("grows with the file on a processor, within a limit", () => {
    const seconds = (backend: string, fileBytes: number) => patienceMs({ backend, fileBytes }, 24) / 1_000;
    expect(seconds("cuda", 5e9)).toBeLessThan(20);
    // 39 readings of 5 GB at 3 GB/s.
    expect(seconds("cpu", 5e9)).toBeCloseTo(10 + 65, 0);
    expect(seconds("cpu", 500e9)).toBe(180);
  });

  it("until it is asked again grows with each try, and is long after a wrong answer", () => {
    const unasked = { kind: "unasked", reason: "" } as const;
    expect([1, 2, 3, 50].map((tries) => askAgainMs(unasked, tries))).toEqual([2_000, 4_000, 8_000, 600_000]);
    expect(askAgainMs({ kind: "wrong", reason: "" }, 1)).toBe(quarantineMs);
  });
});
