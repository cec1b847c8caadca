import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foundOrchestrators } from "./found.ts";
import { addressOf, isSpokenWith, noticeFromTxt, noticeToTxt, type OrchestratorNotice } from "./notice.ts";

const notice: OrchestratorNotice = {
  id: "orc-1",
  name: "Muster on büro-1",
  version: "0.1.0",
  host: "192.168.1.20",
  port: 11_501,
  protocols: { min: 1, max: 2 },
  needsInvitation: true,
};

describe("what an orchestrator tells the network", () => {
  it("is read as it was written, and holds nothing else", () => {
    const txt = noticeToTxt(notice);
    expect(noticeFromTxt(txt, notice.port)).toEqual(notice);
    expect(Object.keys(txt).sort()).toEqual(["host", "id", "join", "name", "protocols", "version"]);
  });

  it("is no notice without a host, a port or protocols that can be", () => {
    const txt = noticeToTxt(notice);
    for (const port of [0, 65_536, 1.5, "11501", undefined]) expect(noticeFromTxt(txt, port)).toBeUndefined();
    for (const change of [
      { host: "a b" },
      { host: "" },
      { host: "x\u001b[2J" },
      { host: "-$(reboot)" },
      { protocols: "one" },
      { protocols: "1-99999" },
    ])
      expect(noticeFromTxt({ ...txt, ...change }, 1)).toBeUndefined();
    for (const txtOf of [null, "text", [], { __proto__: txt }])
      expect(noticeFromTxt(txtOf, 1)).toBeUndefined();
  });

  it("is safe to show, whatever somebody sends", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 400 }),
        fc.string({ unit: "binary" }),
        (name, version) => {
          const read = noticeFromTxt({ ...noticeToTxt(notice), name, version, id: name }, 1);
          for (const text of [read?.name ?? "", read?.version ?? "", read?.id ?? ""]) {
            expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
            expect([...text].length).toBeLessThanOrEqual(63);
          }
          expect(read?.name).not.toBe("");
        },
      ),
    );
  });

  it("takes an invitation for needed unless it says that none is", () => {
    const { join: _join, ...txt } = noticeToTxt(notice);
    expect(noticeFromTxt(txt, 1)?.needsInvitation).toBe(true);
    expect(noticeFromTxt({ ...txt, join: "open" }, 1)?.needsInvitation).toBe(false);
  });

  it("is spoken with where the ranges of protocols meet", () => {
    const spoken = (min: number, max: number) => isSpokenWith({ protocols: { min, max } });
    expect([spoken(1, 1), spoken(1, 5), spoken(2, 3), spoken(0, 0)]).toEqual([true, true, false, false]);
  });
});

describe("the orchestrators that were found", () => {
  const own = [
    { name: "eth0", address: "192.168.1.7", netmask: "255.255.255.0", family: "IPv4" as const },
    { name: "eth0", address: "fd00::7", netmask: "ffff:ffff:ffff:ffff::", family: "IPv6" as const },
  ];
  const addresses = (...hosts: readonly string[]) =>
    foundOrchestrators(
      hosts.map((host) => ({ ...notice, host })),
      own,
    ).map(({ address }) => address);

  it("are one for each, by the address in a network of this machine", () => {
    expect(addresses("172.17.0.1", "192.168.1.20", "10.0.0.1")).toEqual(["192.168.1.20:11501"]);
    expect(addresses("172.17.0.1", "fd00::20")).toEqual(["[fd00::20]:11501"]);
    expect(addresses("fd01::20", "172.17.0.1")).toEqual(["172.17.0.1:11501"]);
    expect(addresses("office.local", "2001:db8::1")).toEqual(["[2001:db8::1]:11501"]);
    expect(addresses("office.local")).toEqual(["office.local:11501"]);
    expect(addressOf({ host: "::1", port: 5 })).toBe("[::1]:5");
  });

  it("are listed by name, and not without end", () => {
    const many = Array.from({ length: 100 }, (_none, at) => ({
      ...notice,
      id: `orc-${at}`,
      name: `m${99 - at}`,
    }));
    const found = foundOrchestrators(many, own);
    expect(found).toHaveLength(32);
    expect(found[0]?.name).toBe("m68");
  });
});
