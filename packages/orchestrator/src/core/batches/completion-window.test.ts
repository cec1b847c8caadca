import { MusterError } from "@muster/base";
import { describe, expect, it } from "vitest";
import { parseCompletionWindow } from "./completion-window.ts";

const hourMs = 3_600_000;

function refusal(text: string, shortestMs?: number): MusterError {
  try {
    parseCompletionWindow(text, shortestMs);
  } catch (error) {
    return MusterError.from(error);
  }
  throw new Error(`"${text}" was taken`);
}

describe("parseCompletionWindow", () => {
  it.each([
    ["24h", 24 * hourMs],
    ["1h", hourMs],
    ["60m", hourMs],
    ["90m", 1.5 * hourMs],
    ["7d", 7 * 24 * hourMs],
    ["168h", 7 * 24 * hourMs],
    ["3600s", hourMs],
  ])("takes %s", (text, ms) => {
    expect(parseCompletionWindow(text)).toBe(ms);
  });

  it.each([
    "",
    "24",
    "h",
    "59m",
    "8d",
    "169h",
    "0h",
    "-1h",
    "1.5h",
    "24H",
    " 24h",
    "24h ",
    "1e3h",
    "24hours",
  ])('refuses "%s", and says what is wanted', (text) => {
    const { code, param, message } = refusal(text);
    expect({ code, param }).toEqual({ code: "invalid_request", param: "completion_window" });
    expect(message).toContain("from 1h to 7d");
  });

  it("takes shorter ones where that is allowed, and no longer ones", () => {
    expect(parseCompletionWindow("5s", 1_000)).toBe(5_000);
    expect(refusal("8d", 1_000).code).toBe("invalid_request");
  });

  it("does not repeat a long text", () => {
    expect(refusal("9".repeat(10_000)).message.length).toBeLessThan(250);
  });
});
