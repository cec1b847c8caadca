import { type EndReason, type ErrorCode, type InferenceDelta, MusterError } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { GatheredAnswer } from "../answering/gather.ts";
import type { StreamEvent } from "../answering/wording.ts";
import { anthropicError } from "./error-body.ts";
import { messageWording } from "./wording.ts";

const source = { workerId: "w", workerName: "w", epoch: 1 };
const usage = { promptTokens: 9, cachedTokens: 4, completionTokens: 5, reasoningTokens: 2 };
const wording = messageWording({ id: "msg_1", requestId: "req-1", model: "m" });

function whole(fields: Partial<GatheredAnswer>): unknown {
  const nothing = { text: "", reasoning: "", toolCalls: [], logprobs: [] };
  return wording.complete([{ ...nothing, reason: "stop", usage, source, ...fields }]);
}

describe("how a message is worded", () => {
  it("streams events that carry their names", () => {
    const stream = wording.stream();
    const delta: InferenceDelta = { kind: "text", text: "yes", tokens: 1 };
    const events: readonly StreamEvent[] = [
      ...stream.open(0, source),
      ...stream.delta(0, delta),
      ...stream.end(0, {
        kind: "end",
        reason: "stop",
        usage,
        timings: { prefillMs: 1, decodeMs: 1 },
        source,
      }),
      ...stream.finish([usage]),
    ];
    expect(events.map(({ event }) => event)).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    for (const { event, data } of events) expect(data).toMatchObject({ type: event });
    expect(events[0]?.data).toMatchObject({ message: { content: [], stop_reason: null } });
    expect(events.at(-2)?.data).toEqual({
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: {
        input_tokens: 5,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 4,
        output_tokens: 5,
        output_tokens_details: { thinking_tokens: 2 },
      },
    });
  });

  const reasons: readonly [EndReason, string][] = [
    ["stop", "end_turn"],
    ["length", "max_tokens"],
    ["tool_calls", "tool_use"],
  ];
  it.each(reasons)("calls %s %s", (reason, stop_reason) => {
    expect(whole({ reason })).toMatchObject({ id: "msg_1", model: "m", content: [], stop_reason });
  });

  it("says which of the request's stop texts came, whole and streamed", () => {
    const stopped = { stop_reason: "stop_sequence", stop_sequence: "END" };
    expect(whole({ stopText: "END" })).toMatchObject(stopped);
    const timings = { prefillMs: 1, decodeMs: 1 };
    const end = wording
      .stream()
      .end(0, { kind: "end", reason: "stop", stopText: "END", usage, timings, source });
    expect(end[0]?.data).toMatchObject({ type: "message_delta", delta: stopped });
  });

  it("gives a call its input, and leaves out one that was cut off", () => {
    const done = { id: "t1", name: "look", argumentsJson: '{"at":1}' };
    const cut = { id: "t2", name: "look", argumentsJson: '{"at' };
    expect(whole({ toolCalls: [done, cut], reason: "length" })).toMatchObject({
      content: [{ type: "tool_use", id: "t1", name: "look", input: { at: 1 } }],
    });
    expect(() => whole({ toolCalls: [cut], reason: "tool_calls" })).toThrow("valid JSON");
  });

  const types: readonly [ErrorCode, string][] = [
    ["invalid_request", "invalid_request_error"],
    ["unsupported", "invalid_request_error"],
    ["unauthenticated", "authentication_error"],
    ["forbidden", "permission_error"],
    ["model_not_found", "not_found_error"],
    ["request_too_large", "request_too_large"],
    ["queue_full", "rate_limit_error"],
    ["shutting_down", "overloaded_error"],
    ["engine_failed", "api_error"],
  ];
  it.each(types)("calls %s %s", (code, type) => {
    const error = new MusterError(code, "It failed.");
    const body = { type: "error", error: { type, message: "It failed." }, request_id: "req-1" };
    expect(anthropicError(error, "req-1")).toEqual(body);
    expect(wording.stream().failure(error)).toEqual([{ event: "error", data: body }]);
  });
});
