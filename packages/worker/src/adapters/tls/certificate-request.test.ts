import { createPublicKey, verify } from "node:crypto";
import { expect, it } from "vitest";
import { certificateRequest, makeKey } from "./certificate-request.ts";

/** The content of the value at the start, its whole length, and how many bytes its length was written in. */
function first(der: Buffer) {
  const short = der[1] ?? 0;
  const more = short < 0x80 ? 0 : short & 0x7f;
  const length = more === 0 ? short : der.readUIntBE(2, more);
  const from = 2 + more;
  return { content: der.subarray(from, from + length), whole: der.subarray(0, from + length), more };
}

it("is DER, with each length in as few bytes as can be, and signed with its key", async () => {
  const key = await makeKey();
  const request = certificateRequest(key);
  const outer = first(request);
  expect(outer.whole.length).toBe(request.length);
  expect(outer.content.length).toBeGreaterThan(0x7f);
  expect([outer.more, outer.content.length < 0x100]).toEqual([1, true]);
  const told = first(outer.content);
  expect(told.more).toBe(0);
  const signed = outer.content.subarray(told.whole.length);
  const signature = first(signed.subarray(first(signed).whole.length)).content.subarray(1);
  expect(verify("sha256", told.whole, createPublicKey(key), signature)).toBe(true);
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  expect(told.content.includes(spki)).toBe(true);
});
