import { describe, expect, it } from "vitest";
import { parseTraceparent } from "./trace-context.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

describe("the header traceparent", () => {
  it("names a trace, a span and whether it is sampled", () => {
    expect(parseTraceparent(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, isSampled: true });
    expect(parseTraceparent(`00-${traceId}-${spanId}-00`)?.isSampled).toBe(false);
    expect(parseTraceparent(`00-${traceId}-${spanId}-03`)?.isSampled).toBe(true);
  });

  it("may be of a later version, with more fields", () => {
    expect(parseTraceparent(`01-${traceId}-${spanId}-01-more`)?.traceId).toBe(traceId);
  });

  it.each([
    undefined,
    "",
    [`00-${traceId}-${spanId}-01`],
    `00-${traceId}-${spanId}-01-more`,
    `ff-${traceId}-${spanId}-01`,
    `00-${"0".repeat(32)}-${spanId}-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01\r\nx: y`,
    `01-${traceId}-${spanId}-01-${"x".repeat(600)}`,
  ])("counts as none where it is not valid: %j", (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });
});
