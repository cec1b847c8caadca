import { errorCodes } from "@muster/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failureOfCode, type LineFailure, type LineFailureKind, lineVerdict } from "./line-retry-rule.ts";

const early = { nowMs: 0, deadlineMs: 3_600_000, random: 0.5 };
const times = (count: number, failure: LineFailure): LineFailure[] =>
  Array.from({ length: count }, () => failure);
const crash = (workerId: string): LineFailure => ({ kind: "engine_crashed", workerId });
const failed: LineFailure = { kind: "transient", code: "engine_failed", message: "No memory." };

describe("lineVerdict", () => {
  it("answers at once with what a worker refused on its merits, in the worker's words", () => {
    const refused = failureOfCode(
      "context_length_exceeded",
      { message: "Too long.", param: "messages" },
      "w1",
    );
    expect(lineVerdict([failed, refused], early)).toEqual({
      kind: "answer-with-error",
      code: "context_length_exceeded",
      message: "Too long.",
      param: "messages",
    });
  });

  it("takes a line for poison once engines crashed on two workers", () => {
    expect(lineVerdict([crash("w1")], early)).toEqual({ kind: "retry", afterMs: 0 });
    expect(lineVerdict([crash("w1"), crash("w1")], early)).toEqual({ kind: "retry", afterMs: 0 });
    expect(lineVerdict([crash("w1"), failed, crash("w2")], early)).toEqual({
      kind: "answer-with-error",
      code: "engine_crashed",
      message: "The engine crashed over this line on 2 workers; it is not tried again.",
    });
  });

  it("takes a line for poison after three crashes on the only worker", () => {
    expect(lineVerdict(times(3, crash("w1")), early)).toMatchObject({
      code: "engine_crashed",
      message: "The engine crashed over this line 3 times on one worker; it is not tried again.",
    });
    expect(lineVerdict(times(3, { kind: "engine_crashed" }), early)).toMatchObject({
      code: "engine_crashed",
    });
  });

  it("tries a line whose engine failed four times in all, waiting longer each time", () => {
    const waits = [1, 2, 3].map((count) => lineVerdict(times(count, failed), { ...early, random: 0 }));
    expect(waits).toEqual([500, 1_000, 2_000].map((afterMs) => ({ kind: "retry", afterMs })));
    expect(lineVerdict(times(4, failed), early)).toEqual({
      kind: "answer-with-error",
      code: "engine_failed",
      message: "No memory. It was tried 4 times.",
    });
  });

  it("does not count preemptions and lost workers against it", () => {
    const history = [...times(8, { kind: "preempted" }), ...times(20, { kind: "worker_lost" }), failed];
    expect(lineVerdict(history, { ...early, random: 1 })).toEqual({ kind: "retry", afterMs: 1_000 });
    expect(lineVerdict(times(31, { kind: "worker_lost" }), early)).toEqual({ kind: "retry", afterMs: 0 });
    expect(lineVerdict(times(32, { kind: "worker_lost" }), early)).toMatchObject({ code: "worker_lost" });
  });

  it("takes a line that an owner gave back for one that has given way: it is never failed for that", () => {
    const owner = failureOfCode("given_back", { message: "Its machine is not lent any more." }, "w1");
    expect(owner).toMatchObject({ kind: "preempted", workerId: "w1" });
    expect(lineVerdict([owner], early)).toEqual({ kind: "retry", afterMs: 0 });
    expect(lineVerdict(times(500, owner), early).kind).toBe("retry");
  });

  it("lets a line that is preempted again and again come back more slowly, and never fails it", () => {
    expect(lineVerdict(times(8, { kind: "preempted" }), early)).toEqual({ kind: "retry", afterMs: 0 });
    const later = lineVerdict(times(500, { kind: "preempted" }), { ...early, random: 0 });
    expect(later).toEqual({ kind: "retry", afterMs: 15_000 });
  });

  it("retries nothing beyond the deadline: it answers with the error, or leaves the line to expire", () => {
    const late = { nowMs: 3_599_900, deadlineMs: 3_600_000, random: 0 };
    expect(lineVerdict([failed], late)).toMatchObject({
      kind: "answer-with-error",
      message: "No memory. There was no time for another try.",
    });
    expect(lineVerdict([{ kind: "worker_lost" }], late)).toEqual({ kind: "retry", afterMs: 0 });
    const over = { ...late, nowMs: 3_600_000 };
    for (const kind of ["worker_lost", "preempted", "engine_crashed"] as const)
      expect(lineVerdict([{ kind }], over)).toEqual({ kind: "leave" });
  });

  it("ends, whatever happens, unless the line is only preempted", () => {
    const kinds: LineFailureKind[] = ["worker_lost", "engine_crashed", "transient", "refused"];
    const failure = fc.record({
      kind: fc.constantFrom(...kinds),
      workerId: fc.constantFrom("w1", "w2", "w3"),
    });
    fc.assert(
      fc.property(
        fc.array(failure, { minLength: 40, maxLength: 40 }),
        fc.double({ min: 0, max: 0.999 }),
        (all, random) => {
          const verdicts = all.map((_last, index) =>
            lineVerdict(all.slice(0, index + 1), { ...early, random }),
          );
          expect(verdicts.some(({ kind }) => kind === "answer-with-error")).toBe(true);
          for (const verdict of verdicts)
            if (verdict.kind === "retry") expect(verdict.afterMs).toBeLessThanOrEqual(60_000);
        },
      ),
    );
  });
});

describe("failureOfCode", () => {
  it("says of every code whether another try can help", () => {
    const kinds = Object.fromEntries(
      errorCodes.map((code) => [code, failureOfCode(code, { message: "m" }, "w1").kind]),
    );
    expect(Object.keys(kinds)).toEqual([...errorCodes]);
    expect(kinds).toMatchObject({
      invalid_request: "refused",
      unsupported: "refused",
      engine_failed: "transient",
      engine_crashed: "engine_crashed",
      shutting_down: "worker_lost",
      cancelled: "preempted",
    });
  });
});
