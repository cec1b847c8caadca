import { describe, expect, it } from "vitest";
import { retryVerdict } from "./retry-rule.ts";

describe("retryVerdict", () => {
  it("tries again when a worker was lost before a token was sent", () => {
    expect(retryVerdict({ failures: ["worker_lost"], hasSentOutput: false }).kind).toBe("retry");
  });

  it("never tries again once a token was sent", () => {
    expect(retryVerdict({ failures: ["worker_lost"], hasSentOutput: true }).kind).toBe("give-up");
  });

  it("tries a request that crashed one engine on another, and then takes it for the cause", () => {
    expect(retryVerdict({ failures: ["engine_crashed"], hasSentOutput: false }).kind).toBe("retry");
    expect(retryVerdict({ failures: ["engine_crashed", "engine_crashed"], hasSentOutput: false }).kind).toBe(
      "give-up",
    );
    expect(
      retryVerdict({ failures: ["engine_crashed", "worker_lost", "engine_crashed"], hasSentOutput: false })
        .kind,
    ).toBe("give-up");
  });

  it("does not repeat what a worker refused on its merits", () => {
    expect(retryVerdict({ failures: ["other"], hasSentOutput: false }).kind).toBe("give-up");
  });

  it("does not count against a request that owners came back, but for a machine that does so without end", () => {
    const owners = (count: number) => Array<"given_back">(count).fill("given_back");
    const tried = (...failures: Parameters<typeof retryVerdict>[0]["failures"]) =>
      retryVerdict({ failures, hasSentOutput: false }).kind;
    expect(tried(...owners(31))).toBe("retry");
    expect(tried(...owners(10), "worker_lost", "worker_lost", "worker_lost")).toBe("retry");
    expect(tried(...owners(32))).toBe("give-up");
    expect(retryVerdict({ failures: ["given_back"], hasSentOutput: true }).kind).toBe("give-up");
  });

  it("does not go on for ever", () => {
    expect(retryVerdict({ failures: Array(4).fill("worker_lost"), hasSentOutput: false }).kind).toBe(
      "give-up",
    );
  });
});
