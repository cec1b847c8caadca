import type { ApiKey } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { changeOf, emptyKeyForm, formOf, limitOf, problemsOf, requestOf } from "./key-form.ts";
import { actorWords, countdown, deedWords, detailWords, limitWords } from "./key-words.ts";

const key: ApiKey = {
  ...{ id: "key_1", object: "key", name: "ci", tenant: "lab", state: "live", scopes: ["inference"] },
  ...{ models: ["gemma-*", "qwen-3"], limits: { requests_per_minute: 600, concurrency: null, weight: 0.5 } },
  ...{ secrets: [], created_at: 0, created_by: "key_0", expires_at: null, revoked_at: null },
  ...{ revoked_by: null, last_used_on: null },
};

describe("the form of a key", () => {
  it("leaves out what is not said", () => {
    expect(requestOf({ ...emptyKeyForm, name: "ci" }, 1_000)).toEqual({ name: "ci", scopes: ["inference"] });
  });

  it("says what is said", () => {
    const form = {
      ...emptyKeyForm,
      ...{ name: "ci", tenant: "lab", models: "gemma-*,  qwen-3\n", expiresInDays: "90" },
      limits: { requests_per_minute: "600", tokens_per_month: "2.5M", weight: "0.5" },
    };
    expect(problemsOf(form)).toEqual({});
    expect(requestOf(form, 1_000.5)).toEqual({
      ...{ name: "ci", tenant: "lab", scopes: ["inference"], models: ["gemma-*", "qwen-3"] },
      limits: { requests_per_minute: 600, tokens_per_month: 2_500_000, weight: 0.5 },
      expires_at: 1_000 + 90 * 86_400,
    });
  });

  it("says what is wrong", () => {
    const form = { ...emptyKeyForm, name: "My key", scopes: [], limits: { concurrency: "0", weight: "x" } };
    expect(Object.keys(problemsOf(form)).sort()).toEqual(["concurrency", "name", "scopes", "weight"]);
  });

  it("reads numbers as people write them", () => {
    expect(["", "10k", "1,000", "2 M", "3.5", "-1", "1e9"].map(limitOf)).toEqual([
      ...[undefined, 10_000, 1_000, 2_000_000, 3.5, Number.NaN, Number.NaN],
    ]);
  });

  it("changes a key to what the form says, and takes away what is empty", () => {
    const form = formOf(key);
    expect(form.limits).toEqual({ requests_per_minute: "600", weight: "0.5" });
    const { weight: _gone, ...left } = form.limits;
    expect(changeOf({ ...form, limits: { ...left, concurrency: "8" }, models: "" }, 1_000)).toEqual({
      models: null,
      limits: {
        ...{ requests_per_minute: 600, tokens_per_minute: null, concurrency: 8, tokens_per_month: null },
        ...{ batch_lines: null, stored_bytes: null, weight: null },
      },
    });
    expect(changeOf({ ...form, expiresInDays: "" }, 1_000)).toMatchObject({ expires_at: null });
    expect(changeOf({ ...form, expiresInDays: "1" }, 1_000)).toMatchObject({ expires_at: 87_400 });
  });
});

describe("words about keys", () => {
  it("tell limits, ends and deeds", () => {
    expect(limitWords(key)).toEqual(["Requests a minute: 600", "Weight in the batch lanes: 0.5"]);
    expect(countdown(100, 40)).toBe("1:00");
    expect(countdown(100, 99.5)).toBe("0:01");
    expect(countdown(100, 100)).toBeUndefined();
    expect(actorWords("key_1", [key])).toBe("ci");
    expect(actorWords("peer:10.0.0.7", [])).toBe("somebody at 10.0.0.7");
    expect(deedWords("key.create")).toBe("made a key");
    expect(deedWords("new.thing")).toBe("new.thing");
    expect(detailWords({ input_file_id: "file_1", bytes: 3 })).toBe("input file id file_1 · bytes 3");
  });
});
