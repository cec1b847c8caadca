import { type GenerateRequest, MusterError, silentLog } from "@muster/base";
import { createNodeLlamaCppEngine } from "@muster/worker";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyModel } from "../../support/tiny-model.ts";

type Replica = Awaited<ReturnType<ReturnType<typeof createNodeLlamaCppEngine>["load"]>>;

let replica: Replica;

beforeAll(async () => {
  replica = await createNodeLlamaCppEngine({ log: silentLog }).load(
    { modelPath: await tinyModel(), slots: 4, contextTokens: 2048, threads: 1, gpu: "off" },
    { signal: new AbortController().signal, onProgress() {} },
  );
});
afterAll(() => replica?.close());

/** A schema is worked on for 3 seconds at most, and so is what came out; a machine may be busy. */
const boundedMs = 15_000;

const ask = (schema?: unknown): GenerateRequest => ({
  task: "generate",
  prompt: { kind: "text", text: "word" },
  sampling: {
    ...{ temperature: 1, topK: 40, topP: 1, minP: 0, seed: 3 },
    ...{ frequencyPenalty: 0, presencePenalty: 0 },
  },
  maxTokens: 40,
  stop: [],
  ...(schema === undefined
    ? {}
    : { format: { kind: "json-schema", schema: schema as Record<string, unknown> } }),
});

/** How an answer ended: its reason, or the code of what failed. */
async function outcomeOf(request: GenerateRequest): Promise<string> {
  try {
    for await (const event of replica.infer(request, AbortSignal.timeout(boundedMs)))
      if (event.kind === "end") return event.reason;
    return "no end";
  } catch (error) {
    return MusterError.from(error).code;
  }
}

const nested = (depth: number, wrap: (inner: unknown) => unknown) => {
  let schema: unknown = true;
  for (let i = 0; i < depth; i++) schema = wrap(schema);
  return schema;
};
const pattern = (text: string) => ({ type: "string", pattern: text });
const list = <T>(length: number, make: (at: number) => T) => Array.from({ length }, (_none, at) => make(at));
const object = (length: number, make: (at: number) => unknown) =>
  Object.fromEntries(list(length, (at) => [`p${at}`, make(at)]));

const refused: readonly (readonly [string, () => unknown])[] = [
  ["60,000 nested groups", () => pattern(`${"(".repeat(60_000)}a${")".repeat(60_000)}`)],
  ["1,900 nested groups", () => pattern(`${"(".repeat(1_900)}a${")".repeat(1_900)}`)],
  ["a repetition of repetitions", () => pattern("((a{99}){99}){99}")],
  ["a repetition beyond all numbers", () => pattern(`a{${"9".repeat(400)}}`)],
  ["what backtracking engines hang on", () => pattern("^(a+)+$|(a*)*")],
  ["100,000 values", () => ({ enum: list(100_000, (at) => `v${at}`) })],
  ["one value of 60,000 levels", () => ({ enum: [nested(60_000, (value) => [value])] })],
  [
    "alternatives that multiply",
    () => ({ allOf: list(20, (at) => ({ anyOf: [object(at + 1, () => true), {}] })) }),
  ],
  [
    "alternatives in alternatives",
    () => nested(14, (a) => ({ anyOf: [{ properties: { a } }, { properties: { b: a } }] })),
  ],
  ["200,000 definitions", () => ({ type: "object", $defs: object(200_000, () => true) })],
  ["100,000 properties", () => ({ type: "object", properties: object(100_000, () => ({ type: "string" })) })],
  [
    "a property of a million characters",
    () => ({ type: "object", properties: { ["k".repeat(1_000_000)]: {} } }),
  ],
  [
    "definitions that double 40 times",
    () => ({
      $defs: {
        ...object(40, (at) => ({ allOf: [1, 2].map(() => ({ $ref: `#/$defs/p${at + 1}` })) })),
        p40: {},
      },
      $ref: "#/$defs/p0",
    }),
  ],
  ["2,000 optional characters", () => pattern("^(a?){1999}$")],
  ["optional characters in optional groups", () => pattern("^((a?b?){30}){30}$")],
  ["itself", () => ({ $ref: "#" })],
];

const answered: readonly (readonly [string, () => unknown])[] = [
  ["nothing, a thousand million times", () => pattern("(){0,1000000000}x?")],
  ["nothing in nothing, as often", () => pattern("((){0,1000000000}(){1000000000}){2000}")],
  [
    "alternatives that begin alike",
    () => pattern(`^(${list(150, (at) => "a".repeat((at % 12) + 1)).join("|")})*$`),
  ],
  ["1,000 values that begin alike", () => ({ enum: list(1_000, (at) => `${"v".repeat(150)}${at}`) })],
  [
    "1,900 properties that are all needed",
    () => ({
      type: "object",
      properties: object(1_900, () => ({ type: "boolean" })),
      required: list(1_900, (at) => `p${at}`),
    }),
  ],
  ["lists in lists in lists", () => nested(40, (items) => ({ type: "array", items, maxItems: 50 }))],
];

describe("schema, grammar and regex limits", () => {
  it.each(refused)("refuse %s in bounded time, and the engine goes on", async (_what, make) => {
    const schema = make();
    const [outcome, plain] = await Promise.all([outcomeOf(ask(schema)), outcomeOf(ask())]);
    expect(["invalid_request", "unsupported"]).toContain(outcome);
    expect(["stop", "length"]).toContain(plain);
  });

  it.each(answered)("hold a model to %s in bounded time, or say that they cannot", async (_what, make) => {
    const schema = make();
    const [outcome, plain] = await Promise.all([outcomeOf(ask(schema)), outcomeOf(ask())]);
    // An answer that was cut off at its last token is no whole JSON, and is not checked.
    expect(["stop", "length", "invalid_request", "unsupported", "engine_failed"]).toContain(outcome);
    expect(["stop", "length"]).toContain(plain);
    const later = await outcomeOf(ask({ type: "boolean" }));
    expect(later).toBe("stop");
  });
});
