import { describe, expect, it } from "vitest";
import { chooseOrchestrator, type Surroundings } from "./choose-orchestrator.ts";
import { createTestIo } from "./command-io.fixture.ts";

const lab = {
  name: "Muster on lab",
  version: "0.1.0",
  address: "192.168.1.20:11501",
  needsToken: true,
  isSpokenWith: true,
};
const other = { ...lab, name: "Muster on other", address: "192.168.1.30:11501", needsToken: false };

function surroundings(change: Partial<Surroundings> = {}) {
  const kept: unknown[] = [];
  const around: Surroundings = {
    joined: async () => undefined,
    remember: async (joined) => void kept.push(joined),
    answersHere: async () => false,
    find: async () => [lab],
    now: () => new Date(0),
    ...change,
  };
  return { around, kept };
}

const mustNot = async () => {
  throw new Error("this was not to be asked");
};

describe("where a worker joins that was told no address", () => {
  it("is where it was agreed before, without looking", async () => {
    const io = createTestIo();
    const { around } = surroundings({ joined: async () => lab, answersHere: mustNot, find: mustNot });
    expect(await chooseOrchestrator(io, around)).toBe(lab.address);
    expect(io.err()).toContain("as agreed before (--forget asks again)");
  });

  it("is this machine where somebody answers there", async () => {
    const { around } = surroundings({ answersHere: async () => true, find: mustNot });
    expect(await chooseOrchestrator(createTestIo(), around)).toBe("127.0.0.1:11501");
  });

  it("is the one on the network once somebody has said yes, and that is remembered", async () => {
    const io = createTestIo({ isTty: true });
    const { around, kept } = surroundings();
    const choosing = chooseOrchestrator(io, around);
    await io.shows("[y/N]");
    expect(io.out()).toContain("Muster on lab at 192.168.1.20:11501, version 0.1.0, wants a join token");
    io.stdin.write("y\n");
    expect(await choosing).toBe(lab.address);
    expect(kept).toEqual([{ address: lab.address, name: lab.name, agreedAt: "1970-01-01T00:00:00.000Z" }]);
  });

  it.each(["\n", "no\n", "yikes\n", undefined])("is nowhere after %j", async (answer) => {
    const io = createTestIo({ isTty: true });
    const { around, kept } = surroundings();
    const choosing = chooseOrchestrator(io, around);
    await io.shows("[y/N]");
    if (answer === undefined) io.stdin.end();
    else io.stdin.write(answer);
    expect(await choosing).toBeUndefined();
    expect(kept).toEqual([]);
    expect(io.exitCode()).toBe(1);
  });

  it("is the one of several whose number is given", async () => {
    for (const [answer, address] of [
      ["2\n", other.address],
      ["3\n", undefined],
      ["0\n", undefined],
      ["y\n", undefined],
    ] as const) {
      const io = createTestIo({ isTty: true });
      const { around } = surroundings({ find: async () => [lab, other] });
      const choosing = chooseOrchestrator(io, around);
      await io.shows("[1-2, Enter for none]");
      io.stdin.write(answer);
      expect(await choosing).toBe(address);
    }
  });

  it("is nowhere where nobody can be asked: the command to run is shown", async () => {
    const io = createTestIo();
    const { around, kept } = surroundings({ find: async () => [lab, other] });
    expect(await chooseOrchestrator(io, around)).toBeUndefined();
    expect(io.err()).toContain("muster worker --join 192.168.1.20:11501    # Muster on lab\n");
    expect(io.err()).toContain("--join 192.168.1.30:11501");
    expect(io.exitCode()).toBe(1);
    expect(kept).toEqual([]);
  });

  it("is this machine where none is found, or none that speaks our protocol", async () => {
    for (const found of [[], [{ ...lab, isSpokenWith: false }]]) {
      const io = createTestIo({ isTty: true });
      const { around } = surroundings({ find: async () => found });
      expect(await chooseOrchestrator(io, around)).toBe("127.0.0.1:11501");
      expect(io.err()).toContain("found none; waiting for one at 127.0.0.1:11501");
    }
  });
});
