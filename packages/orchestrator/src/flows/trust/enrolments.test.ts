import { createHash } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { objectKeys } from "../../core/batches/keys.ts";
import { trustRoom } from "./trust.fixture.ts";

const dayMs = 86_400_000;
const key = (text: string) => new TextEncoder().encode(text);
const shown = (workerId: string, text: string) => ({
  workerId,
  spkiSha256: createHash("sha256").update(key(text)).digest("hex"),
});
const invite = { pool: "desks", name: undefined, expiresAtMs: 60_000 };

async function world() {
  const room = await trustRoom();
  const here = await room.open();
  const join = async (request: string, name = "desk") =>
    here.enrolments.join({ secret: await here.invites.make(invite), request: key(request), name });
  return { ...room, ...here, join };
}

describe("invitations", () => {
  it("count once, and until their time is over; then they are removed by and by", async () => {
    const { invites, clock, store } = await world();
    const [used, late, wrong] = [await invites.make(invite), await invites.make(invite), new Uint8Array(32)];
    expect(await invites.take(used)).toEqual(invite);
    await expect(invites.take(used)).rejects.toThrow(/used already/);
    clock.advance(60_000);
    await expect(invites.take(late)).rejects.toThrow(/has expired/);
    for (const secret of [wrong, new Uint8Array()])
      await expect(invites.take(secret)).rejects.toMatchObject({ code: "unauthenticated" });
    const left = async () => {
      const keys: string[] = [];
      for (const prefix of [objectKeys.invites, objectKeys.usedInvites])
        for await (const { key } of store.list(prefix)) keys.push(key);
      return keys.length;
    };
    expect(await left()).toBe(3);
    // The store tells times of its own.
    clock.advance(Date.now() + 2 * dayMs);
    await invites.tidy();
    expect(await left()).toBe(0);
  });
});

describe("enrolments", () => {
  it("cost no invitation where the request is none", async () => {
    const { enrolments, invites } = await world();
    const secret = await invites.make(invite);
    const joining = enrolments.join({ secret, request: new Uint8Array(), name: "desk" });
    await expect(joining).rejects.toMatchObject({ code: "invalid_request" });
    expect(await invites.take(secret)).toEqual(invite);
  });

  it("of machines that join at once have names of their own; a name that cannot be is replaced", async () => {
    const { join } = await world();
    const names = (await Promise.all(["a", "b", "c"].map((request) => join(request)))).map(
      ({ name }) => name,
    );
    expect(names.sort()).toEqual(["desk", "desk-2", "desk-3"]);
    expect((await join("d", "../../etc")).name).toBe("worker");
  });

  it("count for the key that joined, at every orchestrator at once", async () => {
    const { join, enrolments, open, clock } = await world();
    const there = await open();
    const { workerId } = await join("a");
    for (const each of [enrolments, there.enrolments])
      expect(await each.admit(shown(workerId, "a"))).toMatchObject({ id: workerId, pool: "desks" });
    await expect(enrolments.admit(shown(workerId, "b"))).rejects.toThrow(/another key/);
    clock.advance(1_000);
    await expect(enrolments.admit(shown("wrk-9", "a"))).rejects.toThrow(/knows no worker/);
  });

  it("of machines that joined elsewhere a moment ago are looked up once a second, for all who wait", async () => {
    const { join, clock, open, background } = await world();
    const there = await open();
    const [one, other] = [await join("a"), await join("b")];
    expect(await there.enrolments.admit(shown(one.workerId, "a"))).toMatchObject({ id: one.workerId });
    const third = await join("c");
    const waiting = [other, third].map(({ workerId }, at) =>
      there.enrolments.admit(shown(workerId, at === 0 ? "b" : "c")),
    );
    clock.advance(1_000);
    await background.idle(1_000);
    expect((await Promise.all(waiting)).map(({ id }) => id)).toEqual([other.workerId, third.workerId]);
  });

  it("are renewed for their key alone, and note the day", async () => {
    const { join, enrolments, clock } = await world();
    const { workerId } = await join("a");
    clock.advance(3 * dayMs);
    expect(await enrolments.renew(key("a"))).toMatchObject({
      workerId,
      name: "desk",
      certificate: "wrk-1 by a1",
    });
    expect(enrolments.all()).toMatchObject([{ lastSeenDay: "1970-01-04" }]);
    await expect(enrolments.renew(key("b"))).rejects.toMatchObject({ code: "not_found" });
  });

  it("are renewed so often a minute, and remembered no more often", async () => {
    const { join, enrolments, clock, audited } = await world();
    await join("a");
    await join("b");
    for (let at = 0; at < 20; at++) await enrolments.renew(key("a"));
    await expect(enrolments.renew(key("a"))).rejects.toMatchObject({ code: "queue_full" });
    await enrolments.renew(key("b"));
    expect(audited.filter(({ action }) => action === "worker.renew")).toHaveLength(21);
    clock.advance(60_001);
    await enrolments.renew(key("a"));
  });

  it("lapse when they have not been seen for 90 days", async () => {
    const { join, enrolments, clock } = await world();
    const { workerId } = await join("a");
    clock.advance(92 * dayMs);
    await expect(enrolments.admit(shown(workerId, "a"))).rejects.toThrow(/90 days/);
    await expect(enrolments.renew(key("a"))).rejects.toThrow(/90 days/);
  });

  it("are over once revoked, whatever another orchestrator notes of them in that moment", async () => {
    const { join, enrolments, clock, open, background } = await world();
    const { workerId } = await join("a");
    const there = await open();
    clock.advance(dayMs);
    await enrolments.revoke(workerId, "key-1");
    // It does not know yet, and writes the day.
    await there.enrolments.renew(key("a"));
    clock.advance(2_000);
    await background.idle(5_000);
    await Promise.all([there.revocations.refresh(), there.book.refresh()]);
    for (const each of [enrolments, there.enrolments]) {
      await expect(each.admit(shown(workerId, "a"))).rejects.toThrow(/revoked/);
      await expect(each.renew(key("a"))).rejects.toThrow(/revoked/);
    }
    await expect(enrolments.revoke("wrk-9", "key-1")).rejects.toMatchObject({ code: "not_found" });
  });

  it("are over whatever is left of the record that says so, and of their own", async () => {
    const { join, enrolments, store, open } = await world();
    const [one, other] = [await join("a"), await join("b")];
    await store.put(`${objectKeys.revocations}${one.workerId}.json`, new Uint8Array());
    await enrolments.revoke(other.workerId, "key-1");
    await store.put(`${objectKeys.enrolments}${other.workerId}.json`, new Uint8Array());
    const there = (await open()).enrolments;
    await expect(there.admit(shown(one.workerId, "a"))).rejects.toThrow(/revoked the worker "desk"/);
    await expect(there.renew(key("a"))).rejects.toThrow(/revoked/);
    expect(there.refusal(other.workerId)).toMatch(/revoked/);
  });

  it("wait for no stranger whose secret the store is asked about", async () => {
    const { join, enrolments, invites, store } = await world();
    const secret = await invites.make(invite);
    const get = store.get.bind(store);
    let answer: () => void = () => {};
    const strangers = vi.spyOn(store, "get").mockImplementationOnce(async (...asked) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return get(...asked);
    });
    const stranger = enrolments.join({ secret: new Uint8Array(32), request: key("x"), name: "x" });
    await vi.waitFor(() => expect(strangers).toHaveBeenCalledOnce());
    expect(await enrolments.join({ secret, request: key("a"), name: "desk" })).toMatchObject({
      name: "desk",
    });
    answer();
    await expect(stranger).rejects.toMatchObject({ code: "unauthenticated" });
    expect((await join("b")).name).toBe("desk-2");
  });

  it("are remembered: who joined, was renewed, revoked or refused, and of strangers so much a minute", async () => {
    const { join, enrolments, audited } = await world();
    const { workerId } = await join("a");
    await enrolments.renew(key("a"));
    await enrolments.revoke(workerId, "key-1");
    await enrolments.revoke(workerId, "key-1");
    expect(audited.map(({ action, actor }) => [action, actor])).toEqual([
      ["worker.join", `worker:${workerId}`],
      ["worker.renew", `worker:${workerId}`],
      ["worker.revoke", "key-1"],
    ]);
    for (let at = 0; at < 100; at++) enrolments.noteRefusal("address:10.0.0.9", "wrong");
    expect(audited.filter(({ action }) => action === "worker.refuse")).toHaveLength(30);
    enrolments.noteRefusal(`worker:${workerId}`, "revoked");
    expect(audited.at(-1)).toMatchObject({ action: "worker.refuse", actor: `worker:${workerId}` });
  });
});
