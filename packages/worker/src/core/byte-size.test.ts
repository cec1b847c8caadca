import { expect, it } from "vitest";
import { parseByteSize } from "./byte-size.ts";

it.each([
  ["0", 0],
  ["4096", 4096],
  ["512MB", 512 * 1024 ** 2],
  ["1.5 GiB", 1.5 * 1024 ** 3],
  ["2g", 2 * 1024 ** 3],
  ["1TB", 1024 ** 4],
])("%s is a size", (text, bytes) => {
  expect(parseByteSize(text, "MUSTER_MAX_RAM")).toBe(bytes);
});

it.each(["", "-1", "much", "10%", "1e9", "99999999999TB"])("%j is none", (text) => {
  expect(() => parseByteSize(text, "MUSTER_MAX_RAM")).toThrow(/MUSTER_MAX_RAM is ".*": write a size/);
});
