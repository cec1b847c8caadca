import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { cacheSalt, saltedPrefix } from "./cache-salt.ts";

const digest = (text: string) => createHash("sha256").update(text).digest("hex");

it("is 16 bytes that differ by tenant, and by whom a tenant serves, and name nobody", () => {
  const salts = [
    cacheSalt(digest, "acme"),
    cacheSalt(digest, "beta"),
    cacheSalt(digest, "acme", "x"),
    cacheSalt(digest, "acme", "y"),
    cacheSalt(digest, "beta", "x"),
  ];
  expect(new Set(salts).size).toBe(salts.length);
  for (const salt of salts) expect(salt).toMatch(/^[0-9a-f]{32}$/);
  expect(cacheSalt(digest, "acme")).toBe(salts[0]);
});

it("tells one beginning of two tenants apart, and none stays none", () => {
  const [acme, beta] = [cacheSalt(digest, "acme"), cacheSalt(digest, "beta")];
  expect(saltedPrefix(7, acme)).toBe(saltedPrefix(7, acme));
  expect(saltedPrefix(7, acme)).not.toBe(saltedPrefix(7, beta));
  expect(saltedPrefix(7, acme)).not.toBe(saltedPrefix(8, acme));
  expect(saltedPrefix(0, acme)).toBe(0);
  for (let prefix = 1; prefix < 1_000; prefix++) {
    const salted = saltedPrefix(prefix, acme);
    expect(salted > 0 && Number.isInteger(salted)).toBe(true);
  }
});
