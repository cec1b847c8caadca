import { describe, expect, it } from "vitest";
import { chooseOrchestrator, type Surroundings } from "./choose-orchestrator.ts";
import { createTestIo } from "./command-io.fixture.ts";

const lab = {
  name: "Muster on lab",
  version: "0.1.0",
  address: "192.168.1.20:11501",
  needsInvitation: true,
  isSpokenWith: true,
};
const other = { ...lab, name: "Muster on other", address: "192.168.1.30:11501" };

function surroundings(change: Partial<Surroundings> = {}): Surroundings {
  return { answersHere: async () => false, find: async () => [lab], ...change };
}

const mustNot = async () => {
  throw new Error("this was not to be asked");
};

describe("where a worker goes that has not joined and was told no address", () => {
  it("is this machine where somebody answers there", async () => {
    const around = surroundings({ answersHere: async () => true, find: mustNot });
    expect(await chooseOrchestrator(createTestIo(), around)).toBe("127.0.0.1:11501");
  });

  it("is nowhere where others are found: they are named, with what to ask for", async () => {
    const io = createTestIo({ isTty: true });
    expect(await chooseOrchestrator(io, surroundings({ find: async () => [lab, other] }))).toBeUndefined();
    expect(io.err()).toContain("  Muster on lab at 192.168.1.20:11501, version 0.1.0\n");
    expect(io.err()).toContain("Muster on other at 192.168.1.30:11501");
    expect(io.err()).toContain("muster workers invite");
    expect(io.exitCode()).toBe(1);
  });

  it("is this machine where none is found, or none that speaks our protocol", async () => {
    for (const found of [[], [{ ...lab, isSpokenWith: false }]]) {
      const io = createTestIo({ isTty: true });
      expect(await chooseOrchestrator(io, surroundings({ find: async () => found }))).toBe("127.0.0.1:11501");
      expect(io.err()).toContain("found none; waiting for one at 127.0.0.1:11501");
    }
  });
});
