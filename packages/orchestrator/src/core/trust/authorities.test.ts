import { describe, expect, it } from "vitest";
import {
  type Authorities,
  type Authority,
  anchorsOf,
  chainFor,
  endsAtMs,
  maxKept,
  rotated,
  servingAuthority,
  signingAuthority,
  trustedAuthorities,
  withoutOldKeys,
  workerCertificateMs,
} from "./authorities.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function authority(id: string, over: Partial<Authority> = {}): Authority {
  return {
    ...{ id, certificate: `cert ${id}`, key: `key ${id}`, crossCertificate: undefined, parents: [] },
    ...{ createdAtMs: 0, servesFromMs: 0, ...over },
  };
}

const first = authority("a");
const start: Authorities = [first];
/** The change happens at 100 days, with an overlap of 7. */
const changeMs = 100 * dayMs;
const next = authority("b", {
  ...{ createdAtMs: changeMs, servesFromMs: changeMs + 7 * dayMs, crossCertificate: "b by a" },
});
const both = rotated(start, next);
const names = (all: readonly Authority[]) => all.map(({ id }) => id);

describe("one authority", () => {
  it("signs, serves and never ends", () => {
    expect(signingAuthority(start)).toBe(first);
    expect(servingAuthority(start, 0)).toBe(first);
    expect(endsAtMs(start, first)).toBeUndefined();
    expect(names(trustedAuthorities(start, 10_000 * dayMs))).toEqual(["a"]);
    expect(chainFor(start, first)).toEqual(["cert a"]);
  });

  it("of the office's own ends in the office's root", () => {
    const own: Authorities = [authority("a", { parents: ["middle", "root"] })];
    expect(chainFor(own, own[0])).toEqual(["cert a", "middle", "root"]);
    expect(anchorsOf(own)).toEqual(["cert a", "middle", "root"]);
  });
});

describe("the change to another authority", () => {
  it("has the new one sign at once, and the old one shown until the overlap is over", () => {
    expect(signingAuthority(both).id).toBe("b");
    expect(servingAuthority(both, changeMs).id).toBe("a");
    expect(servingAuthority(both, changeMs + 7 * dayMs - 1).id).toBe("a");
    expect(servingAuthority(both, changeMs + 7 * dayMs).id).toBe("b");
  });

  it("trusts both until nothing depends on the old one", () => {
    const endMs = changeMs + 7 * dayMs + hourMs;
    expect(names(trustedAuthorities(both, changeMs))).toEqual(["a", "b"]);
    expect(names(trustedAuthorities(both, endMs - 1))).toEqual(["a", "b"]);
    expect(names(trustedAuthorities(both, endMs))).toEqual(["b"]);
  });

  it("without an overlap still waits for the last certificate that the old one gave", () => {
    const hasty = rotated(start, { ...next, servesFromMs: changeMs });
    expect(servingAuthority(hasty, changeMs).id).toBe("b");
    const lastMs = changeMs + workerCertificateMs;
    expect(names(trustedAuthorities(hasty, lastMs))).toEqual(["a", "b"]);
    expect(names(trustedAuthorities(hasty, lastMs + hourMs))).toEqual(["b"]);
  });

  it("shows a way back to the old one for as long as it is kept", () => {
    expect(chainFor(both, first)).toEqual(["cert a"]);
    expect(chainFor(both, next)).toEqual(["b by a", "cert a"]);
    const third = authority("c", { createdAtMs: 200 * dayMs, crossCertificate: "c by b" });
    expect(chainFor(rotated(both, third), third)).toEqual(["c by b", "b by a", "cert a"]);
  });

  it("takes the old key away once it has ended, and only then", () => {
    expect(withoutOldKeys(both, changeMs)).toBe(both);
    const after = withoutOldKeys(both, changeMs + 30 * dayMs);
    expect(after.map(({ key }) => key)).toEqual([undefined, "key b"]);
    expect(withoutOldKeys(after, changeMs + 30 * dayMs)).toBe(after);
  });

  it("keeps so many, the oldest of which stands for itself", () => {
    let all: Authorities = start;
    for (let at = 0; at < 20; at++)
      all = rotated(all, authority(`n${at}`, { crossCertificate: `n${at} by the one before` }));
    expect(all).toHaveLength(maxKept);
    expect(chainFor(all, signingAuthority(all)).at(-1)).toBe(all[0].certificate);
  });
});
