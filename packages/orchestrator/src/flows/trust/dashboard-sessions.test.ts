import { createHash } from "node:crypto";
import { Background, ManualClock, MusterError, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import { createMemorySessionStore } from "../../adapters/memory/session-store.ts";
import { operator } from "../../core/access/principal.ts";
import type { AuditEvent } from "../../ports/audit-trail.ts";
import type { SessionStore, StoredSession } from "../../ports/session-store.ts";
import { DashboardSessions } from "./dashboard-sessions.ts";

const digest = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
const holder = operator({ keyId: "key_a", tenant: "anna" });
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** One key, whose text is `text` until somebody sets another, and counts what the store is asked. */
function room(shared?: { store: SessionStore; clock: ManualClock }) {
  const clock = shared?.clock ?? new ManualClock();
  const inner = shared?.store ?? createMemorySessionStore({ clock });
  const asked = { find: 0, renew: 0 };
  const kept: StoredSession[] = [];
  const store: SessionStore = {
    ...inner,
    add: async (name, session, keptMs) => {
      kept.push(session);
      await inner.add(name, session, keptMs);
    },
    find: async (name) => {
      asked.find += 1;
      return inner.find(name);
    },
    renew: async (...renewed) => {
      asked.renew += 1;
      await inner.renew(...renewed);
    },
  };
  const key = { text: "text" as string | undefined };
  const events: AuditEvent[] = [];
  let secrets = 0;
  const background = new Background(silentLog);
  const refuse = (): never => {
    throw new MusterError("unauthenticated", "no such key");
  };
  const sessions = new DashboardSessions({
    ...{ store, digest, clock, background, log: silentLog },
    ring: {
      whoHas: (presented) => (presented === key.text ? holder : refuse()),
      whoIs: (keyId, isSecret) =>
        keyId === "key_a" && key.text !== undefined && isSecret(digest(key.text)) ? holder : refuse(),
    },
    newSecret: () => `secret-${++secrets}`,
    audit: { record: (event) => void events.push(event) },
  });
  return { clock, background, store: inner, sessions, key, asked, kept, events };
}

describe("a session of the dashboard", () => {
  it("is used for hours, and ends after two without use", async () => {
    const { sessions, clock } = room();
    const { secret } = await sessions.signIn("text");
    for (let hours = 0; hours < 5; hours++) {
      clock.advance(1.9 * hourMs);
      expect(await sessions.whoIs(secret)).toBe(holder);
    }
    clock.advance(2 * hourMs);
    await expect(sessions.whoIs(secret)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("ends twelve hours after it began, however much it is used", async () => {
    const { sessions, clock } = room();
    const { secret } = await sessions.signIn("text");
    for (let passed = 0; passed < 12 * 60 - 1; passed++) {
      clock.advance(minuteMs);
      await sessions.whoIs(secret);
    }
    clock.advance(minuteMs);
    await expect(sessions.whoIs(secret)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("asks the store once for what comes together, and writes down its use once a minute", async () => {
    const { sessions, clock, asked } = room();
    const { secret } = await sessions.signIn("text");
    for (let requests = 0; requests < 20; requests++) await sessions.whoIs(secret);
    expect(asked).toEqual({ find: 1, renew: 0 });
    clock.advance(minuteMs);
    for (let requests = 0; requests < 20; requests++) await sessions.whoIs(secret);
    expect(asked).toEqual({ find: 2, renew: 1 });
  });

  it("ends with its key at once, whatever was read before, and does not come back with another text", async () => {
    const { sessions, key } = room();
    const { secret } = await sessions.signIn("text");
    await sessions.whoIs(secret);
    key.text = "another text";
    await expect(sessions.whoIs(secret)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("ends here at once when it is signed out, and with others within seconds", async () => {
    const here = room();
    const there = room(here);
    const { secret } = await here.sessions.signIn("text");
    await there.sessions.whoIs(secret);
    await here.sessions.signOut(secret);
    await expect(here.sessions.whoIs(secret)).rejects.toMatchObject({ code: "unauthenticated" });
    here.clock.advance(5_000);
    await expect(there.sessions.whoIs(secret)).rejects.toMatchObject({ code: "unauthenticated" });
    expect(here.events.map(({ action, actor }) => [action, actor])).toEqual([
      ["dashboard.sign_in", "key_a"],
      ["dashboard.sign_out", "key_a"],
    ]);
  });

  it("that is signed out while it is being read stays out", async () => {
    const { sessions, store, clock } = room();
    const { secret } = await sessions.signIn("text");
    const find = store.find;
    let isRead = () => {};
    const reading = new Promise<void>((resolve) => {
      isRead = resolve;
    });
    const { sessions: slow } = room({
      clock,
      store: {
        ...store,
        find: async (name) => {
          const found = await find(name);
          await reading;
          return found;
        },
      },
    });
    const asked = slow.whoIs(secret);
    await store.remove(digest(secret));
    const ending = slow.signOut(secret);
    isRead();
    await Promise.allSettled([asked, ending]);
    await expect(slow.whoIs(secret)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("is used by whoever follows something for hours, and ends for them as well", async () => {
    const { sessions, clock, background, key } = room();
    const { secret } = await sessions.signIn("text");
    await sessions.whoIs(secret);
    const follow = async (minutes: number) => {
      for (let passed = 0; passed < minutes; passed++) {
        clock.advance(minuteMs);
        expect(sessions.stillIs(secret)).toBe(holder);
        await background.idle(1_000);
      }
    };
    await follow(5 * 60);
    key.text = "another text";
    expect(() => sessions.stillIs(secret)).toThrow(expect.objectContaining({ code: "unauthenticated" }));
    key.text = "text";
    await follow(1);
    await sessions.signOut(secret);
    expect(() => sessions.stillIs(secret)).toThrow(expect.objectContaining({ code: "unauthenticated" }));
  });

  it("that is signed out elsewhere ends for whoever follows, a moment later", async () => {
    const here = room();
    const there = room(here);
    const { secret } = await here.sessions.signIn("text");
    await there.sessions.whoIs(secret);
    await here.sessions.signOut(secret);
    here.clock.advance(5_000);
    expect(there.sessions.stillIs(secret)).toBe(holder);
    await there.background.idle(1_000);
    expect(() => there.sessions.stillIs(secret)).toThrow(
      expect.objectContaining({ code: "unauthenticated" }),
    );
  });

  it("keeps nothing from which the key could be tried out, nor the secret itself", async () => {
    const { sessions, kept } = room();
    const { secret } = await sessions.signIn("text");
    await sessions.signIn("text");
    const text = JSON.stringify(kept);
    for (const opening of [secret, "text", digest("text")]) expect(text).not.toContain(opening);
    expect(kept[0]?.bond).not.toBe(kept[1]?.bond);
  });

  it("is not begun with a wrong key, and leaves nothing of the try", async () => {
    const { sessions, kept, events } = room();
    await expect(sessions.signIn("wrong")).rejects.toMatchObject({ code: "unauthenticated" });
    expect([kept, events]).toEqual([[], []]);
  });
});
