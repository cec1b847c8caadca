import { describe, expect, it } from "vitest";
import { parseByteSize } from "./byte-size.ts";

describe("parseByteSize", () => {
  it.each([
    ["1000000", 1_000_000],
    ["200GB", 200_000_000_000],
    ["200 gb", 200_000_000_000],
    ["1.5TiB", 1.5 * 1024 ** 4],
    ["64m", 64_000_000],
    ["0", 0],
    ["12B", 12],
  ])("reads %s", (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  it.each(["", "much", "-1GB", "1e9", "12iB", "200GBs", "99999999PB"])("knows no size in %j", (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  });
});
