import { describe, expect, it } from "vitest";
import { readKeyPart } from "./key-part.ts";
import {
  type KeyChanged,
  type KeyMade,
  type KeyPart,
  type KeySecret,
  keysOf,
  stateOfKey,
} from "./key-record.ts";

const made: KeyMade = {
  kind: "key",
  id: "key_a",
  name: "ci",
  tenant: "ci",
  scopes: ["inference"],
  models: undefined,
  limits: { requestsPerMinute: 5 },
  createdAtMs: 1,
  createdBy: "operator",
  expiresAtMs: undefined,
};
const change = (number: number, requestsPerMinute: number, expiresAtMs?: number): KeyChanged => ({
  ...{ kind: "changed", keyId: "key_a", number, atMs: 5, by: "operator" },
  ...{ models: ["gemma-*"], limits: { requestsPerMinute, weight: 0.5 }, expiresAtMs },
});
const secret = (id: string, createdAtMs: number, othersEndAtMs?: number): KeySecret => ({
  ...{ kind: "secret", keyId: "key_a", id, digest: "0".repeat(64), createdAtMs, othersEndAtMs },
});
const endsOf = (...parts: KeyPart[]) =>
  Object.fromEntries(keysOf([made, ...parts])[0]?.secrets.map(({ id, endsAtMs }) => [id, endsAtMs]) ?? []);

describe("the parts of a key", () => {
  it("end each secret when a newer one says so, the earliest of them", () => {
    expect(endsOf(secret("a", 1))).toEqual({ a: undefined });
    expect(endsOf(secret("a", 1), secret("b", 2, 100))).toEqual({ b: undefined, a: 100 });
    expect(endsOf(secret("b", 2, 100), secret("c", 3, 50), secret("a", 1))).toEqual({
      ...{ c: undefined, b: 50, a: 3 },
    });
  });

  it("leave two secrets at once, however many were made", () => {
    const ends = endsOf(secret("a", 1), secret("b", 2, 100), secret("c", 3, 100), secret("d", 4, 100));
    expect(ends).toEqual({ d: undefined, c: 100, b: 4, a: 3 });
  });

  it("stay revoked whatever else is written of them", () => {
    const revoked: KeyPart = { kind: "revoked", keyId: "key_a", atMs: 5, by: "operator" };
    const [key] = keysOf([revoked, secret("b", 9, 100), made]);
    if (key === undefined) throw new Error("no key");
    expect(stateOfKey(key, 10)).toBe("revoked");
    expect(keysOf([revoked, secret("b", 9)])).toEqual([]);
  });

  it("expire at their time, not after it", () => {
    const key = { made: { ...made, expiresAtMs: 100 }, changed: undefined, secrets: [], revoked: undefined };
    expect([stateOfKey(key, 99), stateOfKey(key, 100)]).toEqual(["live", "expired"]);
  });

  it("are what the last change says, whatever order they come in", () => {
    const [key] = keysOf([change(10, 70, 100), change(2, 30), made, change(9, 60, 200)]);
    expect(key?.made).toEqual({
      ...{ ...made, models: ["gemma-*"], limits: { requestsPerMinute: 70, weight: 0.5 }, expiresAtMs: 100 },
    });
    expect(key?.changed?.number).toBe(10);
    expect(keysOf([change(1, 5)])).toEqual([]);
  });

  it("open nothing where a change cannot be read: it may have taken something away", () => {
    const stored = JSON.parse(JSON.stringify(change(1, 5, 100))) as Record<string, unknown>;
    expect(readKeyPart(stored)).toEqual(change(1, 5, 100));
    for (const damage of [
      { number: "first" },
      { atMs: "now" },
      { expiresAtMs: "soon" },
      { models: "gemma" },
      { limits: { weight: "much" } },
      { limits: undefined },
      { by: 1 },
    ]) {
      const part = readKeyPart({ ...stored, ...damage });
      const [key] = keysOf([made, ...(part === undefined ? [] : [part])]);
      expect(key?.revoked?.by).toBe("unknown");
    }
    expect(readKeyPart({ ...stored, keyId: 1 })).toBeUndefined();
  });

  it("are read as they were written, and not at all where a limit would be lost", () => {
    const stored = JSON.parse(JSON.stringify(made)) as Record<string, unknown>;
    expect(readKeyPart(stored)).toEqual(made);
    for (const damage of [
      { expiresAtMs: "soon" },
      { models: "gemma" },
      { models: [1] },
      { limits: { requestsPerMinute: "many" } },
      { limits: undefined },
      { scopes: ["everything"] },
      { kind: "other" },
    ])
      expect(readKeyPart({ ...stored, ...damage })).toBeUndefined();
  });
});
