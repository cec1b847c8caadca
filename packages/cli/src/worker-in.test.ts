import { describe, expect, it } from "vitest";
import { workerIn } from "./worker-in.ts";

describe("the worker in a fingerprint", () => {
  it.each([
    ["muster-desk-1-gemma-4-e4b-it-q8_0", "gemma-4-e4b-it", "desk-1"],
    ["muster-desk-a_b-q8_0", "a/b", "desk"],
    ["muster-m-m", "m", "m"],
    ["muster-desk-1", "m", "desk-1"],
    [undefined, "m", undefined],
    [null, "m", undefined],
  ])("%s of %s is %s", (system_fingerprint, model, worker) => {
    expect(workerIn({ system_fingerprint, model })).toBe(worker);
  });
});
