import { ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { SignInLimit } from "./sign-in-limit.ts";

function room() {
  const clock = new ManualClock();
  return { clock, limit: new SignInLimit({ clock }) };
}

describe("tries to sign in", () => {
  it("with wrong keys are ten a minute for each peer", () => {
    const { clock, limit } = room();
    for (let tries = 0; tries < 10; tries++) {
      limit.check("a");
      limit.wrong("a");
      clock.advance(1_000);
    }
    expect(() => limit.check("a")).toThrow(
      expect.objectContaining({ code: "rate_limited", retryAfterMs: 50_000 }),
    );
    limit.check("b");
    clock.advance(50_000);
    limit.check("a");
  });

  it("of one key are thirty a minute", () => {
    const { clock, limit } = room();
    for (let tries = 0; tries < 30; tries++) limit.begin("key_a");
    expect(() => limit.begin("key_a")).toThrow(expect.objectContaining({ code: "rate_limited" }));
    limit.begin("key_b");
    clock.advance(60_000);
    limit.begin("key_a");
  });

  it("from thousands of addresses share one place, which is limited as well", () => {
    const { clock, limit } = room();
    for (let peer = 0; peer < 1_000; peer++) limit.wrong(`peer-${peer}`);
    for (let peer = 0; peer < 10; peer++) limit.wrong(`later-${peer}`);
    expect(() => limit.check("yet another")).toThrow(expect.objectContaining({ code: "rate_limited" }));
    limit.check("peer-1");
    clock.advance(60_000);
    limit.check("yet another");
    limit.wrong("yet another");
    limit.check("yet another");
  });
});
