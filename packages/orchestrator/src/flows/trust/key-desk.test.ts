import { createHash, randomBytes } from "node:crypto";
import { Background, ManualClock, silentLog } from "@muster/base";
import { describe, expect, it, onTestFinished } from "vitest";
import { damagedKeyPart, readKeyPart } from "../../core/access/key-part.ts";
import type { KeyPart } from "../../core/access/key-record.ts";
import { operator } from "../../core/access/principal.ts";
import type { AuditEvent } from "../../ports/audit-trail.ts";
import { MemoryObjectStore } from "../batches/store.fixture.ts";
import { type KeyAsked, KeyDesk } from "./key-desk.ts";
import { KeyRing } from "./key-ring.ts";
import { RecordBook } from "./record-book.ts";

const dayMs = 86_400_000;
const maker = operator({ keyId: "operator", tenant: "default" });
const digest = (text: string) => createHash("sha256").update(text).digest();
const asked = (name: string, more: Partial<KeyAsked> = {}): KeyAsked => ({
  ...{ name, tenant: undefined, scopes: ["inference"], models: undefined, limits: {} },
  ...{ expiresAtMs: undefined, ...more },
});

async function room(store = new MemoryObjectStore(), clock = new ManualClock()) {
  const background = new Background(silentLog);
  const events: AuditEvent[] = [];
  const book = new RecordBook<KeyPart>({
    ...{ store, clock, background, log: silentLog, prefix: "trust/keys/", read: readKeyPart },
    damaged: damagedKeyPart,
  });
  let closings = 0;
  const ring = new KeyRing({
    ...{ book, store, digest, clock, background, log: silentLog, configured: [] },
    operatorKey: () => undefined,
    onClosed: () => {
      closings += 1;
    },
  });
  await book.start();
  onTestFinished(() => book.stop());
  const desk = new KeyDesk({
    ...{ book, ring, randomBytes, clock },
    digest: (data) => createHash("sha256").update(data).digest("hex"),
    audit: { record: (event) => void events.push(event) },
    closing: async () => {},
  });
  return { store, clock, book, ring, desk, events, background, closings: () => closings };
}

describe("keys that were made", () => {
  it("of one name at once are one", async () => {
    const { desk } = await room();
    const made = await Promise.allSettled([1, 2, 3].map(() => desk.create(asked("ci"), maker)));
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(desk.list()).toHaveLength(1);
  });

  it("close what was open to everybody, and their end does not open it", async () => {
    const { desk, ring, closings } = await room();
    expect(ring.isOpen).toBe(true);
    const { key } = await desk.create(asked("ci"), maker);
    expect([ring.isOpen, closings() > 0]).toEqual([false, true]);
    await desk.revoke(key.made.id, maker);
    expect(ring.isOpen).toBe(false);
  });

  it("keep closed what they have closed, though what is kept of the last one is damaged", async () => {
    const { desk, store } = await room();
    const { key } = await desk.create(asked("ci"), maker);
    store.objects.set(`trust/keys/${key.made.id}.json`, new Uint8Array());
    const later = await room(store);
    expect([later.ring.all(), later.ring.isOpen, later.closings() > 0]).toEqual([[], false, true]);
  });

  it("are forgotten long after they are over, when another is made, and no live one with them", async () => {
    const { desk, clock, ring, store } = await room();
    const old = await desk.create(asked("old"), maker);
    await desk.rotate(old.key.made.id, 0, maker);
    await desk.revoke(old.key.made.id, maker);
    const short = await desk.create(asked("short", { expiresAtMs: dayMs }), maker);
    const live = await desk.create(asked("live"), maker);
    clock.advance(89 * dayMs);
    await desk.create(asked("one"), maker);
    expect(desk.list().map(({ made }) => made.name)).toContain("old");
    clock.advance(2 * dayMs);
    await desk.create(asked("two"), maker);
    const names = desk.list().map(({ made }) => made.name);
    expect(names.sort()).toEqual(["live", "one", "two"]);
    const left = [...store.objects.keys()];
    for (const { key } of [old, short]) expect(left.filter((name) => name.includes(key.made.id))).toEqual([]);
    expect(ring.whoHas(live.text).keyName).toBe("live");
    expect(() => ring.whoHas(old.text)).toThrow(/not valid/);
  });

  it("are noted as used once a day, whoever asks how often", async () => {
    const { desk, ring, clock, store, background } = await room();
    const { text, key } = await desk.create(asked("ci"), maker);
    let puts = 0;
    const put = store.put.bind(store);
    store.put = (...given) => {
      puts += 1;
      return put(...given);
    };
    for (let at = 0; at < 100; at++) ring.whoHas(text);
    await background.idle(1_000);
    expect(puts).toBe(1);
    clock.advance(dayMs);
    ring.whoHas(text);
    await background.idle(1_000);
    expect(puts).toBe(2);
    expect(await ring.uses()).toEqual(new Map([[key.made.id, "1970-01-02"]]));
  });

  it("are changed for the next request, by number, and keep what was not named", async () => {
    const { desk, ring, store, clock } = await room();
    const limits = { requestsPerMinute: 5, tokensPerMonth: 100 };
    const { text, key } = await desk.create(asked("ci", { limits, models: ["gemma-*"] }), maker);
    const { id } = key.made;
    for (let tokensPerMonth = 200; tokensPerMonth < 220; tokensPerMonth++)
      await desk.change(id, { limits: { tokensPerMonth } }, maker);
    expect(ring.whoHas(text)).toMatchObject({
      ...{ limits: { requestsPerMinute: 5, tokensPerMonth: 219 }, models: ["gemma-*"] },
    });
    expect(ring.limitsOf(id)).toEqual({ requestsPerMinute: 5, tokensPerMonth: 219 });
    const changes = () => [...store.objects.keys()].filter((name) => name.includes(".changed-"));
    expect(changes()).toHaveLength(8);
    await desk.change(id, { expiresAtMs: dayMs }, maker);
    await expect(desk.change(id, { expiresAtMs: -1 }, maker)).rejects.toThrow(/in the past/);
    clock.advance(dayMs);
    expect(() => ring.whoHas(text)).toThrow(/expired/);
    await expect(desk.change(id, { expiresAtMs: null }, maker)).rejects.toThrow(/is expired/);
    clock.advance(91 * dayMs);
    await desk.create(asked("two"), maker);
    expect(changes()).toEqual([]);
  });

  it("lose no change where two orchestrators make one each at once", async () => {
    const one = await room();
    const other = await room(one.store);
    const { key } = await one.desk.create(asked("ci"), maker);
    const { id } = key.made;
    await Promise.all([
      one.desk.change(id, { limits: { concurrency: 3 } }, maker),
      other.desk.change(id, { limits: { batchLines: 7 } }, maker),
      one.desk.change(id, { models: ["gemma-*"] }, maker),
    ]);
    const { made } = await other.desk.change(id, { limits: { weight: 2 } }, maker);
    expect(made).toMatchObject({ limits: { concurrency: 3, batchLines: 7, weight: 2 }, models: ["gemma-*"] });
  });

  it("get no rights that their changer lacks, and none back once they are revoked", async () => {
    const { desk } = await room();
    const { key } = await desk.create(asked("ci", { models: ["gemma-4"], expiresAtMs: 50 }), maker);
    const { id } = key.made;
    const deputy = { ...maker, models: ["gemma-*"], expiresAtMs: 100 };
    await desk.change(id, { models: ["gemma-*"], expiresAtMs: 100 }, deputy);
    for (const more of [
      { models: null },
      { models: ["qwen-*"] },
      { expiresAtMs: null },
      { expiresAtMs: 101 },
    ])
      await expect(desk.change(id, more, deputy)).rejects.toMatchObject({ code: "forbidden" });
    const reader = { ...maker, scopes: new Set(["read"] as const) };
    await expect(desk.change(id, { limits: {} }, reader)).rejects.toMatchObject({ code: "forbidden" });
    await desk.revoke(id, maker);
    await expect(desk.change(id, { limits: {} }, maker)).rejects.toThrow(/is revoked/);
  });

  it("end by a rotation on another orchestrator, though its clock is behind", async () => {
    const ahead = new ManualClock();
    ahead.advance(60_000);
    const one = await room(undefined, ahead);
    const behind = await room(one.store);
    behind.clock.advance(30_000);
    const { key, text } = await one.desk.create(asked("ci"), maker);
    const rotated = await behind.desk.rotate(key.made.id, 0, maker);
    for (const { ring, book, clock } of [behind, one]) {
      await book.refresh();
      clock.advance(60_000);
      expect(ring.whoHas(rotated.text).keyName).toBe("ci");
      expect(() => ring.whoHas(text)).toThrow(/replaced by a newer one/);
    }
  });

  it("leave no more than a few texts behind, however often they are rotated", async () => {
    const { desk, ring, store } = await room();
    const { key } = await desk.create(asked("ci"), maker);
    let { text } = await desk.rotate(key.made.id, dayMs, maker);
    let before = text;
    for (let at = 0; at < 20; at++)
      [before, text] = [text, (await desk.rotate(key.made.id, dayMs, maker)).text];
    expect([ring.whoHas(text).keyName, ring.whoHas(before).keyName]).toEqual(["ci", "ci"]);
    expect(
      [...store.objects.keys()].filter((name) => name.startsWith(`trust/keys/${key.made.id}`)),
    ).toHaveLength(1 + 8);
  });

  it("open nothing where what has ended them is damaged, and are not forgotten for it", async () => {
    const { desk, ring, store, book, clock } = await room();
    const ways = {
      revoked: (id: string) => desk.revoke(id, maker),
      changed: (id: string) => desk.change(id, { expiresAtMs: 1 }, maker),
      rotated: (id: string) => desk.rotate(id, 0, maker),
    };
    for (const [name, end] of Object.entries(ways)) {
      const { text, key } = await desk.create(asked(name), maker);
      const before = new Set(store.objects.keys());
      await end(key.made.id);
      const [part = ""] = [...store.objects.keys()].filter((each) => !before.has(each));
      store.objects.set(part, new Uint8Array());
      await book.refresh();
      expect(() => ring.whoHas(text), name).toThrow(/was revoked/);
    }
    clock.advance(91 * dayMs);
    await desk.create(asked("later"), maker);
    expect(desk.list().map(({ made }) => made.name)).toEqual(expect.arrayContaining(Object.keys(ways)));
  });

  it("are known by name, whoever they are, as long as they are known", async () => {
    const { desk, ring } = await room();
    const { key } = await desk.create(asked("ci"), maker);
    const names = [key.made.id, "configured:design", "loopback", "operator", "key_unknown"].map((id) =>
      ring.nameOf(id),
    );
    expect(names).toEqual(["ci", "design", "loopback", "operator", undefined]);
  });

  it("are in the audit trail, without their text", async () => {
    const { desk, events } = await room();
    const { text, key } = await desk.create(asked("ci", { models: ["gemma-*"] }), maker);
    await desk.change(key.made.id, { limits: { requestsPerMinute: 9 } }, maker);
    await desk.revoke(key.made.id, maker);
    expect(events[1]?.details).toEqual({ name: "ci", limits: "requestsPerMinute=9" });
    expect(events.map(({ action, actor }) => [action, actor])).toEqual([
      ["key.create", "operator"],
      ["key.update", "operator"],
      ["key.revoke", "operator"],
    ]);
    expect(JSON.stringify(events)).not.toContain(text.slice(15));
  });
});
