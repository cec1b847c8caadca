import { type ErrorCode, type InferenceDelta, MusterError } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { AnswerEnd } from "../answering/collect.ts";
import type { StreamEvent } from "../answering/wording.ts";
import { parseBody } from "../parsing/body.ts";
import { samplingOf } from "../parsing/sampling.ts";
import { responseSchema } from "./schema.ts";
import { responseWording } from "./wording.ts";

const source = { workerId: "w", workerName: "w", epoch: 1 };
const usage = { promptTokens: 9, cachedTokens: 4, completionTokens: 5, reasoningTokens: 2 };
const end: AnswerEnd = { kind: "end", reason: "stop", usage, timings: { prefillMs: 1, decodeMs: 1 }, source };

type Told = { type: string; sequence_number: number; response: Record<string, unknown> };

function wording(fields: Record<string, unknown> = {}) {
  const request = parseBody(responseSchema, { model: "m", input: "hi", ...fields });
  let ids = 0;
  const frame = { id: "resp_1", createdAt: 100, request, sampling: samplingOf(request, 7) };
  return responseWording({ frame, newId: (prefix) => `${prefix}${++ids}`, now: () => 103 });
}

const told = (events: readonly StreamEvent[]) => events.map(({ data }) => data as Told);

describe("how a response is worded", () => {
  const deltas: readonly InferenceDelta[] = [
    { kind: "reasoning", text: "hm", tokens: 2 },
    { kind: "text", text: "yes", tokens: 1 },
    { kind: "tool-call", index: 0, id: "call_1", name: "look", tokens: 1 },
    { kind: "tool-arguments", index: 0, text: "{}", tokens: 1 },
  ];

  it("is the same whole as at the end of its stream", () => {
    const stream = wording().stream();
    const events = [
      ...stream.open(0, source),
      ...deltas.flatMap((delta) => stream.delta(0, delta)),
      ...stream.end(0, end),
      ...stream.finish([usage]),
    ];
    const toolCalls = [{ id: "call_1", name: "look", argumentsJson: "{}" }];
    const answer = {
      reasoning: "hm",
      text: "yes",
      toolCalls,
      logprobs: [],
      reason: "stop",
      usage,
      source,
    } as const;
    expect(told(events).at(-1)?.response).toEqual(wording().complete([answer]));
    expect(wording().complete([answer])).toMatchObject({
      id: "resp_1",
      created_at: 100,
      completed_at: 103,
      status: "completed",
      usage: {
        input_tokens: 9,
        input_tokens_details: { cached_tokens: 4 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 14,
      },
    });
  });

  it("does not change what it has said: each event is of its time", () => {
    const stream = wording().stream();
    const [created] = told(stream.open(0, source));
    for (const delta of deltas) stream.delta(0, delta);
    stream.end(0, end);
    expect(created?.response).toMatchObject({
      status: "in_progress",
      output: [],
      usage: null,
      completed_at: null,
    });
  });

  it("says what applied: the functions among the tools, and the sampling", () => {
    const tools = [
      { type: "web_search" },
      { type: "function", name: "look", parameters: { type: "object" } },
    ];
    const [created] = told(wording({ tools, store: true, truncation: "auto" }).stream().open(0, source));
    expect(created?.response).toMatchObject({
      tools: [
        { type: "function", name: "look", description: null, parameters: { type: "object" }, strict: true },
      ],
      temperature: 1,
      top_p: 0.95,
      store: false,
      truncation: "disabled",
    });
  });

  const failures: readonly [ErrorCode, string, RegExp][] = [
    ["context_length_exceeded", "context_length_exceeded", /^It failed\.$/],
    ["queue_timeout", "rate_limit_exceeded", /try again in 5s/],
    ["invalid_request", "invalid_prompt", /^It failed\.$/],
    ["worker_lost", "server_error", /^It failed\.$/],
    ["internal", "server_error", /^Something went wrong/],
  ];
  it.each(failures)("calls %s %s", (code, name, message) => {
    const stream = wording().stream();
    stream.open(0, source);
    const events = told(stream.failure(new MusterError(code, "It failed.", { retryAfterMs: 4_200 })));
    expect(events).toMatchObject([
      {
        type: "response.failed",
        sequence_number: 2,
        response: {
          status: "failed",
          error: { code: name, message: expect.stringMatching(message) },
          usage: null,
        },
      },
    ]);
  });

  it("creates a response before it says that it failed", () => {
    const events = told(wording().stream().failure(new MusterError("worker_lost", "It is gone.")));
    expect(events.map(({ type, sequence_number }) => [type, sequence_number])).toEqual([
      ["response.created", 0],
      ["response.in_progress", 1],
      ["response.failed", 2],
    ]);
  });
});
