import { MusterError, type TokenizeRequest } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { AnswerEvent } from "../../core/job.ts";
import type { SubmitOptions } from "../request-desk.ts";
import { createTokenCounter } from "./count-tokens.ts";

const source = { workerId: "w1", workerName: "a", epoch: 1 };
const request: TokenizeRequest = { task: "tokenize", prompt: { kind: "text", text: "one two" } };
const { signal } = new AbortController();
const tokens = (...ids: number[]): AnswerEvent => ({
  kind: "delta",
  delta: { kind: "token-ids", tokens: 0, ids, texts: [] },
});
const end: AnswerEvent = {
  ...{ kind: "end", reason: "stop", source, timings: { prefillMs: 0, decodeMs: 0 } },
  usage: { promptTokens: 0, cachedTokens: 0, completionTokens: 0 },
};

function counter(answer: readonly (AnswerEvent | MusterError)[], canDo = true) {
  const submitted: SubmitOptions[] = [];
  async function* events() {
    for (const event of answer) {
      if (event instanceof MusterError) throw event;
      yield event;
    }
  }
  const count = createTokenCounter({
    desk: {
      async submit(options) {
        submitted.push(options);
        return events();
      },
    },
    served: { canDo: (_model, needs) => canDo && needs.has("tokenize") },
    newRequestId: () => "req-1",
  });
  return { count, submitted };
}

describe("the token counter", () => {
  it("counts what the worker that came to the end has said, on slots that others leave", async () => {
    const started: AnswerEvent = { kind: "started", source };
    const { count, submitted } = counter([started, tokens(1, 2), started, tokens(1), tokens(2, 3), end]);
    expect(await count("m", request, signal)).toBe(3);
    expect(submitted).toMatchObject([
      { requestId: "req-1", lane: { model: "m", class: "batch" }, request, isRestartable: true, signal },
    ]);
  });

  it("asks nobody where nobody can, and passes on what went wrong", async () => {
    const { count, submitted } = counter([], false);
    expect(await count("m", request, signal)).toBeUndefined();
    expect(submitted).toEqual([]);
    const failing = counter([tokens(1), new MusterError("engine_failed", "No.")]);
    await expect(failing.count("m", request, signal)).rejects.toThrow("No.");
  });
});
