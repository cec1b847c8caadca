import { describe, expect, it } from "vitest";
import type { BatchEvents, BatchRecord } from "../../core/batches/batch.ts";
import type { BatchView } from "../../ports/batches.ts";
import { batchBody, planBody } from "./batch-body.ts";

const record: BatchRecord = {
  id: `batch_${"0".repeat(32)}`,
  tenant: "design",
  inputFileId: "file-1",
  endpoint: "/v1/embeddings",
  completionWindow: "24h",
  createdAtMs: 1_999,
  expiresAtMs: 86_401_999,
  metadata: undefined,
  outputExpiresAfterMs: undefined,
  options: { priority: "low", provenance: true, resultCache: false, webhookUrl: undefined },
};
const usage = { promptTokens: 5, cachedTokens: 2, completionTokens: 7, reasoningTokens: 1 };
const validated = { kind: "validated", atMs: 2_000, lines: 3, models: [{ model: "m", lines: 3 }] } as const;
const cancelling = { kind: "cancelling", atMs: 3_000 } as const;
const sealed = {
  kind: "sealed",
  atMs: 5_000,
  counts: { total: 3, completed: 2, failed: 1 },
  usage,
  cachedLines: 0,
  outputFileId: "file-2",
  errorFileId: undefined,
  provenanceFileId: "file-3",
} as const;

function viewOf(events: BatchEvents, over: Partial<BatchView> = {}): BatchView {
  return {
    record,
    events,
    state: "in_progress",
    counts: { total: 3, completed: 2, failed: 1 },
    usage,
    cachedLines: 1,
    isPaused: false,
    waitsFor: undefined,
    forecast: undefined,
    ...over,
  };
}

const timesOf = (events: BatchEvents) => {
  const body = batchBody(viewOf(events));
  const { in_progress_at, finalizing_at, completed_at, failed_at, expired_at, cancelling_at, cancelled_at } =
    body;
  return [
    body.status,
    { in_progress_at, finalizing_at, completed_at, failed_at, expired_at, cancelling_at, cancelled_at },
  ];
};

const none = {
  in_progress_at: null,
  finalizing_at: null,
  completed_at: null,
  failed_at: null,
  expired_at: null,
  cancelling_at: null,
  cancelled_at: null,
};
const ended = (outcome: "completed" | "expired" | "cancelled") =>
  ({ kind: "finalizing", atMs: 4_000, outcome }) as const;

describe("a batch in OpenAI's words", () => {
  it("has every field, and null where there is nothing yet", () => {
    expect(batchBody(viewOf({}))).toEqual({
      id: record.id,
      object: "batch",
      endpoint: "/v1/embeddings",
      model: null,
      errors: null,
      input_file_id: "file-1",
      completion_window: "24h",
      status: "validating",
      output_file_id: null,
      error_file_id: null,
      created_at: 1,
      expires_at: 86_401,
      ...none,
      request_counts: { total: 3, completed: 2, failed: 1 },
      usage: {
        input_tokens: 5,
        input_tokens_details: { cached_tokens: 2 },
        output_tokens: 7,
        output_tokens_details: { reasoning_tokens: 1 },
        total_tokens: 12,
      },
      metadata: null,
      muster: {
        priority: "low",
        paused: false,
        waits_for: null,
        models: [],
        error_count: 0,
        progress: { total: 3, completed: 2, failed: 1, cached: 1 },
        forecast: null,
        provenance: true,
        provenance_file_id: null,
        result_cache: false,
        webhook_url: null,
      },
    });
  });

  it.each([
    ["validating", {}, {}],
    ["in_progress", { validated }, { in_progress_at: 2 }],
    ["finalizing", { validated, finalizing: ended("completed") }, { in_progress_at: 2, finalizing_at: 4 }],
    [
      "completed",
      { validated, finalizing: ended("completed"), sealed },
      { in_progress_at: 2, finalizing_at: 4, completed_at: 5 },
    ],
    [
      "expired",
      { validated, finalizing: ended("expired"), sealed },
      { in_progress_at: 2, finalizing_at: 4, expired_at: 5 },
    ],
    ["cancelling", { validated, cancelling }, { in_progress_at: 2, cancelling_at: 3 }],
    [
      "cancelled",
      { validated, cancelling, finalizing: ended("cancelled"), sealed },
      { in_progress_at: 2, cancelling_at: 3, finalizing_at: 4, cancelled_at: 5 },
    ],
    ["failed", { failed: { kind: "failed", atMs: 6_000, errors: [], errorCount: 0 } }, { failed_at: 6 }],
  ] as const)("that is %s says when it got there", (status, events, times) => {
    expect(timesOf(events)).toEqual([status, { ...none, ...times }]);
  });

  it("names its files, its only model, and what was wrong with its input", () => {
    const done = batchBody(viewOf({ validated, finalizing: ended("completed"), sealed }));
    expect(done).toMatchObject({ model: "m", output_file_id: "file-2", error_file_id: null });
    expect(done.muster.provenance_file_id).toBe("file-3");
    const error = { code: "empty_file", message: "It is empty.", param: undefined, line: undefined };
    const failed = batchBody(
      viewOf({ failed: { kind: "failed", atMs: 6_000, errors: [error], errorCount: 7 } }),
    );
    expect(failed.errors).toEqual({ object: "list", data: [{ ...error, param: null, line: null }] });
    expect(failed.muster.error_count).toBe(7);
  });

  it("says when it should be done", () => {
    const forecast = { finishAtMs: 9_500, linesPerSecond: 2, tokensPerSecond: 30, remainingLines: 4 };
    expect(batchBody(viewOf({ validated }, { forecast, waitsFor: "room" })).muster).toMatchObject({
      waits_for: "room",
      forecast: { finish_at: 9, lines_per_second: 2, tokens_per_second: 30, remaining_lines: 4 },
    });
    const unknown = { ...forecast, finishAtMs: undefined };
    expect(batchBody(viewOf({ validated }, { forecast: unknown })).muster.forecast?.finish_at).toBeNull();
  });
});

describe("the plan of a batch", () => {
  it("has null where nothing was ever measured", () => {
    const model = {
      model: "m",
      lines: 2,
      estimatedPromptTokens: 10,
      maxCompletionTokens: 20,
      tooLongLines: [2],
      tooLongCount: 1,
      workers: [{ name: "lab", slots: 4 }],
      hours: undefined,
    };
    const report = { lines: 2, errors: [], errorCount: 0, models: [model], hours: undefined };
    expect(planBody(report)).toMatchObject({
      object: "batch.plan",
      lines: 2,
      errors: { object: "list", data: [], total: 0 },
      models: [
        {
          model: "m",
          estimated_prompt_tokens: 10,
          max_completion_tokens: 20,
          too_long_lines: [2],
          too_long_count: 1,
          workers: [{ name: "lab", slots: 4 }],
          hours: null,
        },
      ],
      hours: null,
    });
  });
});
