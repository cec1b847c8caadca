import { describe, expect, it } from "vitest";
import {
  type Enrolment,
  enrolmentState,
  freeName,
  isFleetName,
  readEnrolment,
  readRevocation,
  utcDay,
} from "./enrolment.ts";

const enrolment: Enrolment = {
  ...{ id: "wrk-1", name: "desk", pool: "desks", spkiSha256: "a".repeat(64) },
  ...{ joinedAtMs: 1, lastSeenDay: "2026-01-01" },
};
const dayMs = 86_400_000;

describe("an enrolment", () => {
  it("lapses 90 days after it was seen last, and is over once it is revoked", () => {
    const seenMs = Date.parse("2026-01-01T12:00:00Z");
    expect(enrolmentState(enrolment, { isRevoked: false, wallMs: seenMs + 90 * dayMs })).toBe("live");
    expect(enrolmentState(enrolment, { isRevoked: false, wallMs: seenMs + 92 * dayMs })).toBe("lapsed");
    expect(enrolmentState(enrolment, { isRevoked: true, wallMs: seenMs })).toBe("revoked");
    expect(utcDay(seenMs)).toBe("2026-01-01");
  });

  it("is read as it was written; a revocation that is damaged still counts", () => {
    expect(readEnrolment(JSON.parse(JSON.stringify(enrolment)))).toEqual(enrolment);
    expect(readRevocation({ revokedAtMs: "soon" })).toEqual({ revokedAtMs: 0 });
    for (const wrong of [{ spkiSha256: "A" }, { lastSeenDay: "yesterday" }, { id: 1 }, { joinedAtMs: "1" }])
      expect(readEnrolment({ ...enrolment, ...wrong })).toBeUndefined();
  });

  it("has a name that no other has", () => {
    expect(freeName("desk", new Set())).toBe("desk");
    expect(freeName("desk", new Set(["desk", "desk-2"]))).toBe("desk-3");
    const long = "x".repeat(64);
    expect(freeName(long, new Set([long]))).toBe(`${"x".repeat(62)}-2`);
    expect([isFleetName("desk-1"), isFleetName(""), isFleetName("a b"), isFleetName("x".repeat(65))]).toEqual(
      [...[true, false, false, false]],
    );
    expect(["..", ".", "-rf", ".desk"].filter(isFleetName)).toEqual([]);
  });
});
