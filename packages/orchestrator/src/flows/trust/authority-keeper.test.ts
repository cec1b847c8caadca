import { describe, expect, it, vi } from "vitest";
import { trustRoom } from "./trust.fixture.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

async function world() {
  const room = await trustRoom();
  const { authorities } = await room.open();
  const shown: string[] = [];
  let changes = 0;
  authorities.notify({
    onIdentity: ({ certificate }) => shown.push(certificate.replace(/ until.*/, "")),
    onAuthorities: () => {
      changes += 1;
    },
  });
  const pass = async (ms: number, steps = 1) => {
    for (let step = 0; step < steps; step++) {
      room.clock.advance(ms / steps);
      await room.background.idle(5_000);
    }
  };
  return { ...room, authorities, shown, changes: () => changes, pass };
}

describe("the authority of a fleet", () => {
  it("is made once, and the same for all who share the folder", async () => {
    const { authorities, open } = await world();
    const other = await open();
    expect(other.authorities.view()).toEqual(authorities.view());
    expect(authorities.anchors()).toEqual(["authority a1"]);
    expect(await authorities.signWorker("wrk-1", new Uint8Array())).toBe("wrk-1 by a1");
  });

  it("renews what the fleet port shows, before it ends", async () => {
    const { authorities, shown, pass } = await world();
    await pass(15 * hourMs);
    expect(shown).toEqual([]);
    await pass(2 * hourMs);
    expect(shown).toEqual(["server by a1"]);
    expect(authorities.identity().chain).toEqual(["authority a1"]);
  });

  it("makes another one where the clock was ahead when it was made", async () => {
    const { clock, shown, pass } = await world();
    await pass(2 * hourMs);
    const wall = vi.spyOn(clock, "wallMs").mockImplementation(() => clock.nowMs() - 3 * hourMs);
    await pass(3_000);
    expect(shown).toEqual(["server by a1"]);
    await pass(hourMs, 4);
    wall.mockRestore();
    expect(shown).toEqual(["server by a1"]);
  });

  it("changes with an overlap: signing at once, shown later, and the old one goes with its key", async () => {
    const { authorities, shown, changes, pass, folder, audited } = await world();
    await authorities.rotate(2 * dayMs, "key-1");
    expect(changes()).toBe(1);
    expect(await authorities.signWorker("wrk-1", new Uint8Array())).toBe("wrk-1 by a2");
    expect(authorities.anchors()).toEqual(["authority a1", "authority a2"]);
    expect(authorities.identity()).toMatchObject({ certificate: expect.stringContaining("by a1") });
    await expect(authorities.rotate(0, "key-1")).rejects.toThrow(/An earlier change goes on until/);
    await pass(2 * dayMs, 4);
    expect(authorities.identity()).toMatchObject({
      ...{ certificate: expect.stringContaining("by a2"), chain: ["a2 by a1", "authority a1"] },
    });
    expect(shown.at(-1)).toBe("server by a2");
    await pass(2 * hourMs, 2);
    expect(authorities.anchors()).toEqual(["authority a2"]);
    expect((await folder.read())?.map(({ key }) => key)).toEqual([undefined, "key a2"]);
    expect(audited).toMatchObject([{ action: "authority.rotate", actor: "key-1", target: "a2" }]);
    await authorities.rotate(0, "key-1");
    expect(authorities.view().map(({ id }) => id)).toEqual(["a2", "a3"]);
  });

  it("has its certificate renewed though the folder can be neither read nor written", async () => {
    const { shown, pass, folder, published } = await world();
    const { read, publish } = folder;
    const fail = async () => {
      throw new Error("ENOSPC");
    };
    Object.assign(folder, { read: fail, publish: fail });
    await pass(17 * hourMs, 4);
    expect(shown).toEqual(["server by a1"]);
    Object.assign(folder, { read, publish });
    await pass(3_000);
    expect(published).toEqual(["authority a1"]);
  });

  it("that changes while the folder or the store is full is told of later", async () => {
    const { authorities, changes, pass, folder, published, store } = await world();
    const { publish } = folder;
    const put = vi.spyOn(store, "put").mockRejectedValue(new Error("ENOSPC"));
    Object.assign(folder, { publish: () => Promise.reject(new Error("ENOSPC")) });
    await expect(authorities.rotate(0, "key-1")).rejects.toThrow("ENOSPC");
    await pass(3_000);
    expect(authorities.identity().certificate).toContain("by a2");
    expect(changes()).toBe(0);
    Object.assign(folder, { publish });
    await pass(3_000);
    expect([changes(), published]).toEqual([0, ["authority a1", "authority a2"]]);
    put.mockRestore();
    await pass(3_000);
    expect(changes()).toBe(1);
    await pass(6_000, 2);
    expect(changes()).toBe(1);
  });

  it("changes once where two ask for it at the same moment, and keeps what it has told", async () => {
    const { authorities, folder, pass } = await world();
    const asked = await Promise.allSettled([
      authorities.rotate(dayMs, "one"),
      authorities.rotate(dayMs, "two"),
    ]);
    expect(asked.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect((await folder.read())?.map(({ id }) => id)).toEqual(["a1", "a2"]);
    await pass(3_000);
    expect(authorities.view().map(({ id }) => id)).toEqual(["a1", "a2"]);
  });

  it("is followed by others within seconds", async () => {
    const { authorities, open, pass } = await world();
    const other = (await open()).authorities;
    let told = 0;
    other.notify({
      onIdentity: () => {},
      onAuthorities: () => {
        told += 1;
      },
    });
    await authorities.rotate(0, "key-1");
    await pass(3_000);
    expect(told).toBe(1);
    expect(other.identity().certificate).toContain("by a2");
  });
});
