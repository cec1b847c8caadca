import {
  type ChatMessage,
  type GenerateRequest,
  type InferenceDelta,
  type InferenceRequest,
  maxWholeAnswerBytes,
  WholeAnswer,
} from "@muster/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  loadFleet,
  maxMessageBytes,
  type OrchestratorMessage,
  orchestratorBody,
  type WorkerMessage,
  workerBody,
} from "../index.ts";
import { deltaFromWire, deltaToWire } from "./delta.ts";
import { requestFromWire, requestToWire } from "./request.ts";

const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } =
  loadFleet().service.Connect;

function overTheWire(request: InferenceRequest): InferenceRequest {
  const message: OrchestratorMessage = {
    assign: { attemptId: "a", epoch: 1, request: requestToWire(request) },
  };
  const body = orchestratorBody(responseDeserialize(responseSerialize(message)));
  return requestFromWire(body?.kind === "assign" ? body.value.request : null);
}

function deltaOverTheWire(delta: InferenceDelta): InferenceDelta | undefined {
  const message: WorkerMessage = { output: { attemptId: "a", epoch: 1, sequence: 0, ...deltaToWire(delta) } };
  const body = workerBody(requestDeserialize(requestSerialize(message)));
  return body?.kind === "output" ? deltaFromWire(body.value) : undefined;
}

const count = fc.nat(100_000);
const text = fc.string({ unit: "grapheme", maxLength: 20 });
const name = fc.stringMatching(/^[a-z_]{1,12}$/);
/** What survives 32 bits: hundredths. */
const hundredths = (min: number, max: number) =>
  fc.integer({ min: min * 100, max: max * 100 }).map((value) => value / 100);
const schema = fc.constantFrom(
  { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  { enum: ["a", 1, null] },
  true,
);

const message: fc.Arbitrary<ChatMessage> = fc.record(
  {
    role: fc.constantFrom("system", "user", "assistant", "tool"),
    content: text,
    name,
    reasoning: text,
    toolCallId: name,
    toolCalls: fc.array(fc.record({ id: name, name, argumentsJson: fc.constant('{"a":1}') }), {
      minLength: 1,
    }),
    media: fc.array(
      fc.record({
        kind: fc.constantFrom("image", "audio"),
        mediaType: fc.constant("image/png"),
        base64: fc.constant("AAAA"),
        at: count,
      }),
      { minLength: 1 },
    ),
  },
  { requiredKeys: ["role", "content"] },
);

const prompt = fc.oneof(
  fc.record({ kind: fc.constant("chat" as const), messages: fc.array(message, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant("text" as const), text }),
);

const tools = fc.record({
  definitions: fc.array(
    fc.record({ name, description: text, parameters: schema }, { requiredKeys: ["name"] }),
  ),
  choice: fc.oneof(
    fc.record({ kind: fc.constantFrom("auto" as const, "none" as const, "required" as const) }),
    fc.record({ kind: fc.constant("named" as const), name }),
  ),
  isParallel: fc.boolean(),
});
const thinking = fc.record(
  { mode: fc.constantFrom("on" as const, "off" as const), budgetTokens: count },
  { requiredKeys: ["mode"] },
);

const generation = fc
  .record(
    {
      task: fc.constant("generate" as const),
      prompt,
      sampling: fc.record(
        {
          temperature: hundredths(0, 2),
          topK: count,
          topP: hundredths(0, 1),
          minP: hundredths(0, 1),
          seed: fc.nat(0xffff_ffff),
          frequencyPenalty: hundredths(-2, 2),
          presencePenalty: hundredths(-2, 2),
          repetitionPenalty: hundredths(0, 2),
          logitBias: fc.array(fc.record({ tokenId: count, bias: hundredths(-100, 100) }), { minLength: 1 }),
        },
        {
          requiredKeys: [
            "temperature",
            "topK",
            "topP",
            "minP",
            "seed",
            "frequencyPenalty",
            "presencePenalty",
          ],
        },
      ),
      maxTokens: count,
      stop: fc.array(text),
      tools,
      format: fc.oneof(
        fc.record({ kind: fc.constant("json-object" as const) }),
        fc.record({ kind: fc.constant("json-schema" as const), schema }),
      ),
      thinking,
      topLogprobs: fc.nat(20),
      cacheSalt: fc.string({ minLength: 1, unit: "grapheme" }),
    },
    { requiredKeys: ["task", "prompt", "sampling", "stop"] },
  )
  .map((made): GenerateRequest => ({ maxTokens: undefined, ...made }) as GenerateRequest);

const request: fc.Arbitrary<InferenceRequest> = fc.oneof(
  generation,
  fc.record({ task: fc.constant("embed" as const), inputs: fc.array(text) }),
  fc.record({ task: fc.constant("rerank" as const), query: text, documents: fc.array(text) }),
  fc
    .record(
      { task: fc.constant("tokenize" as const), prompt, tools, thinking },
      { requiredKeys: ["task", "prompt"] },
    )
    .map((made) => made as InferenceRequest),
);

const alternative = fc.record({ text, logprob: fc.double({ max: 0, noNaN: true, noDefaultInfinity: true }) });
const logprob = fc
  .tuple(alternative, fc.array(alternative, { maxLength: 3 }))
  .map(([chosen, top]) => ({ ...chosen, top }));

const delta: fc.Arbitrary<InferenceDelta> = fc.oneof(
  fc.record({ kind: fc.constant("text" as const), text, tokens: count }),
  fc.record({
    kind: fc.constant("text" as const),
    text,
    tokens: count,
    logprobs: fc.array(logprob, { minLength: 1 }),
  }),
  fc.record({ kind: fc.constant("reasoning" as const), text, tokens: count }),
  fc.record({ kind: fc.constant("tool-call" as const), index: count, id: name, name, tokens: count }),
  fc.record({ kind: fc.constant("tool-arguments" as const), index: count, text, tokens: count }),
  fc.record({
    kind: fc.constant("embedding" as const),
    index: count,
    values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true })),
    tokens: count,
  }),
  fc.record({ kind: fc.constant("score" as const), index: count, score: hundredths(0, 1), tokens: count }),
  fc.record({
    kind: fc.constant("token-ids" as const),
    ids: fc.array(count),
    texts: fc.array(text),
    tokens: count,
  }),
);

describe("the wire", () => {
  it("gives back every request as it was", () => {
    fc.assert(
      fc.property(request, (given) => {
        expect(overTheWire(given)).toEqual(given);
      }),
    );
  });

  it("gives back every piece of an answer as it was", () => {
    fc.assert(
      fc.property(delta, (given) => {
        expect(deltaOverTheWire(given)).toEqual(given);
      }),
    );
  });

  it("gives back whole answers, in messages no longer than they were reckoned to be", () => {
    fc.assert(
      fc.property(fc.array(delta, { maxLength: 8 }), (given) => {
        const answer = new WholeAnswer();
        for (const each of given) answer.add(each);
        const end: WorkerMessage = {
          end: { attemptId: "a", epoch: 1, whole: true, pieces: answer.pieces.map(deltaToWire) },
        };
        const bytes = requestSerialize(end);
        expect(bytes.length).toBeLessThanOrEqual(answer.bytes + 64);
        const body = workerBody(requestDeserialize(bytes));
        if (body?.kind !== "end") throw new Error("no end");
        expect(body.value.pieces.map(deltaFromWire)).toEqual(answer.pieces);
      }),
    );
    const besides = 64 * 1024;
    expect(maxWholeAnswerBytes + besides).toBeLessThan(maxMessageBytes);
  });

  it("reads what a peer leaves out that does not know of whole answers", () => {
    const end = workerBody(requestDeserialize(requestSerialize({ end: { attemptId: "a", epoch: 1 } })));
    expect(end).toMatchObject({ kind: "end", value: { whole: false, pieces: [] } });
    const hello = workerBody(requestDeserialize(requestSerialize({ hello: { workerId: "w" } })));
    expect(hello).toMatchObject({ kind: "hello", value: { running: [] } });
    const assign = orchestratorBody(responseDeserialize(responseSerialize({ assign: { attemptId: "a" } })));
    expect(assign).toMatchObject({ kind: "assign", value: { whole: false } });
  });

  it("drops a kind of piece that this build does not know", () => {
    const body = workerBody(requestDeserialize(requestSerialize({ output: { attemptId: "a", tokens: 1 } })));
    expect(body?.kind === "output" ? deltaFromWire(body.value) : "no output").toBeUndefined();
  });

  it("refuses a task that this build does not know, and says what to do", () => {
    expect(() => requestFromWire({ task: 9 } as never)).toThrow(/update it/);
  });
});
