import type { Batch, LiveBatch } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { batchRows, doneShare, statusWords, timelineOf } from "./batch-words.ts";
import { failedLineOf, firstFailedLines } from "./failed-lines.ts";
import { uploadOutcome } from "./upload.ts";

const batch = (changes: Partial<Batch> = {}): Batch => ({
  ...{ id: "batch_1", object: "batch", endpoint: "/v1/chat/completions", status: "in_progress" },
  ...{ input_file_id: "file_1", completion_window: "24h", created_at: 100, in_progress_at: 110 },
  request_counts: { total: 10, completed: 2, failed: 0 },
  metadata: { name: "letters" },
  muster: {
    ...{ priority: "normal", paused: false, provenance_file_id: null, result_cache: false },
    progress: { total: 10, completed: 2, failed: 0, cached: 0 },
    forecast: { finish_at: 200, lines_per_second: 0.5, tokens_per_second: 9, remaining_lines: 8 },
    models: [{ model: "m", lines: 10 }],
  },
  ...changes,
});
const live = (changes: Partial<LiveBatch> = {}): LiveBatch => ({
  ...{ id: "batch_1", status: "in_progress", model: "m", name: null, total: 10, completed: 5, failed: 1 },
  ...{ created_at: 100, expected_end_at: 180 },
  ...changes,
});

describe("the list of batches", () => {
  it("shows what was heard since over what was read", () => {
    expect(batchRows([batch()], [live()])).toEqual([
      {
        ...{ id: "batch_1", status: "in_progress", isPaused: false, name: "letters", model: "m" },
        ...{ total: 10, completed: 5, failed: 1, createdAt: 100, endsAt: 180, linesPerSecond: 0.5 },
      },
    ]);
  });

  it("has the newest first, those that were only heard of as well", () => {
    const rows = batchRows([batch()], [live({ id: "batch_2", created_at: 300, status: "completed" })]);
    expect(rows.map(({ id, endsAt }) => [id, endsAt])).toEqual([
      ["batch_2", null],
      ["batch_1", 200],
    ]);
  });

  it("counts lines that failed as done", () => {
    expect(doneShare({ total: 10, completed: 5, failed: 1 })).toBe(0.6);
    expect(doneShare({ total: 0, completed: 0, failed: 0 })).toBe(0);
  });

  it("calls a batch that waits for somebody paused", () => {
    expect(statusWords("in_progress", true).word).toBe("Paused");
    expect(statusWords("completed", true).word).toBe("Done");
  });
});

describe("the timeline of a batch", () => {
  const words = (of: Partial<Batch>) => timelineOf(batch(of)).map(({ word, at }) => `${word} ${at ?? "-"}`);

  it("says what is to come", () => {
    expect(words({})).toEqual(["Created 100", "Running 110", "Finishing -", "Done -"]);
  });

  it("ends as the batch did", () => {
    expect(words({ failed_at: 105, in_progress_at: null })).toEqual(["Created 100", "Refused 105"]);
    expect(words({ cancelling_at: 120, finalizing_at: 121, cancelled_at: 122 })).toEqual([
      ...["Created 100", "Running 110", "Cancelling 120", "Finishing 121", "Cancelled 122"],
    ]);
    expect(words({ finalizing_at: 121, expired_at: 122 }).at(-1)).toBe("Expired 122");
  });
});

describe("lines that failed", () => {
  const refused = JSON.stringify({
    custom_id: "a",
    response: {
      status_code: 400,
      body: { error: { code: "context_length_exceeded", message: "Too long." } },
    },
    error: null,
  });
  const unrun = JSON.stringify({
    custom_id: "b",
    response: null,
    error: { code: "batch_expired", message: "Never ran." },
  });

  it("say why", () => {
    expect(failedLineOf(refused)).toEqual({
      ...{ customId: "a", status: 400, code: "context_length_exceeded", says: "Too long." },
    });
    expect(failedLineOf(unrun)).toMatchObject({ status: undefined, code: "batch_expired" });
    expect(failedLineOf("{")).toMatchObject({ customId: "?" });
  });

  it("are read no further than they are shown", async () => {
    let pulls = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulls += 1;
        controller.enqueue(new TextEncoder().encode(`${refused}\n`));
      },
    });
    expect(await firstFailedLines(endless, 3)).toHaveLength(3);
    expect(pulls).toBeLessThan(8);
    const whole = new Blob([`${refused}\n${unrun}\n`]).stream();
    expect((await firstFailedLines(whole, 20)).map(({ customId }) => customId)).toEqual(["a", "b"]);
  });
});

describe("the answer to an upload", () => {
  it("is a file, or what went wrong", () => {
    expect(uploadOutcome(200, '{"id":"file_1"}')).toEqual({ id: "file_1" });
    expect(uploadOutcome(413, '{"error":{"code":"request_too_large","message":"Too large."}}')).toMatchObject(
      {
        ...{ status: 413, code: "request_too_large", message: "Too large." },
      },
    );
    expect(uploadOutcome(502, "<html>")).toMatchObject({ status: 502, message: "The server answered 502." });
  });
});
