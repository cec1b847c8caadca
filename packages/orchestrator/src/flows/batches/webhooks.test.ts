import { Background, ManualClock, silentLog } from "@muster/base";
import { beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../adapters/common/sha256.ts";
import type { ObjectInfo } from "../../ports/object-store.ts";
import type { WebhookAnswer, WebhookMessage } from "../../ports/webhook-sender.ts";
import { MemoryObjectStore } from "./store.fixture.ts";
import { Webhooks } from "./webhooks.ts";

const minuteMs = 60_000;
const failed: WebhookAnswer = { kind: "failed", isFinal: false, reason: "it answered 503" };
const gone: WebhookAnswer = { kind: "failed", isFinal: true, reason: "it answered 410" };
const batch = {
  id: "batch_1",
  options: {
    priority: "normal",
    provenance: false,
    resultCache: false,
    webhookUrl: "https://hooks.example.org/a",
  },
} as const;

/** A store that knows when its objects were written. */
class DatedStore extends MemoryObjectStore {
  readonly #clock: ManualClock;
  readonly #writtenAtMs = new Map<string, number>();

  constructor(clock: ManualClock) {
    super();
    this.#clock = clock;
  }

  override put(...[key, content]: Parameters<MemoryObjectStore["put"]>) {
    this.#writtenAtMs.set(key, this.#clock.wallMs());
    return super.put(key, content);
  }

  override putIfAbsent(key: string, content: Uint8Array) {
    if (!this.objects.has(key)) this.#writtenAtMs.set(key, this.#clock.wallMs());
    return super.putIfAbsent(key, content);
  }

  override async head(key: string): Promise<ObjectInfo | undefined> {
    const info = await super.head(key);
    return info === undefined ? undefined : this.#dated(info);
  }

  override async *list(prefix: string): AsyncGenerator<ObjectInfo, undefined> {
    for await (const info of super.list(prefix)) yield this.#dated(info);
  }

  #dated(info: ObjectInfo): ObjectInfo {
    return { ...info, modifiedAtMs: this.#writtenAtMs.get(info.key) ?? 0 };
  }
}

describe("webhooks", () => {
  let clock: ManualClock;
  let store: DatedStore;
  let sent: (WebhookMessage & { readonly sentAtMs: number })[];
  let answers: WebhookAnswer[];
  beforeEach(() => {
    clock = new ManualClock();
    clock.advance(1_700_000_000_500);
    store = new DatedStore(clock);
    sent = [];
    answers = [];
  });

  /** One orchestrator's; what was sent and what is answered is common to all. */
  function orchestrator() {
    const background = new Background(silentLog);
    const sender = {
      refusal: () => undefined,
      async send(message: WebhookMessage): Promise<WebhookAnswer> {
        sent.push({ ...message, sentAtMs: clock.wallMs() });
        return answers.shift() ?? { kind: "delivered" };
      },
    };
    const webhooks = new Webhooks({
      ...{ store, sender, digest: sha256, background, clock, log: silentLog, random: () => 0.5 },
    });
    return { webhooks, background };
  }

  /** Lets what is under way come to its next wait, then moves time on. */
  async function after(ms: number) {
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    clock.advance(ms);
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  }
  const waiting = () => [...store.objects.keys()].filter((key) => key.startsWith("webhooks/"));

  it("sends an event in OpenAI's form, with the same id however often it is told of", async () => {
    const { webhooks, background } = orchestrator();
    webhooks.notify(batch, "completed", 1_700_000_000_123);
    await background.idle();
    const [message] = sent;
    expect(message).toMatchObject({ url: "https://hooks.example.org/a", atSeconds: 1_700_000_000 });
    expect(message?.id).toMatch(/^evt_[0-9a-f]{32}$/);
    expect(JSON.parse(message?.body ?? "")).toEqual({
      id: message?.id,
      object: "event",
      created_at: 1_700_000_000,
      type: "batch.completed",
      data: { id: "batch_1" },
    });
    expect(waiting()).toEqual([]);
  });

  it("sends each state once, whoever tells of it, and each pause", async () => {
    const all = [orchestrator(), orchestrator()];
    for (let round = 0; round < 3; round++) {
      for (const { webhooks } of all) webhooks.notify(batch, "in_progress", round);
      await Promise.all(all.map(({ background }) => background.idle()));
    }
    for (const atMs of [10, 20]) all[0]?.webhooks.notify(batch, "paused", atMs);
    await all[0]?.background.idle();
    expect(sent.map(({ body }) => JSON.parse(body).type)).toEqual([
      "batch.in_progress",
      "batch.paused",
      "batch.paused",
    ]);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(3);
  });

  it("sends nothing where nobody wants to know", async () => {
    const { webhooks, background } = orchestrator();
    webhooks.notify({ ...batch, options: { ...batch.options, webhookUrl: undefined } }, "completed", 0);
    await background.idle();
    expect(sent).toEqual([]);
    expect(store.objects.size).toBe(0);
  });

  it("tries five times in about ten minutes, signed anew each time, then gives up", async () => {
    const { webhooks, background } = orchestrator();
    answers = Array.from({ length: 9 }, () => failed);
    const startMs = clock.wallMs();
    webhooks.notify(batch, "completed", startMs);
    for (let minute = 0; minute < 60; minute++) await after(10_000);
    expect(sent.map(({ sentAtMs }) => (sentAtMs - startMs) / 1000)).toEqual([0, 10, 50, 210, 510]);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
    expect(new Set(sent.map(({ atSeconds }) => atSeconds)).size).toBe(5);
    await background.idle();
    expect(waiting()).toEqual([]);
  });

  it("sends no more to who says that it is gone", async () => {
    const { webhooks, background } = orchestrator();
    answers = [gone];
    webhooks.notify(batch, "completed", 0);
    await background.idle();
    expect(sent).toHaveLength(1);
    expect(waiting()).toEqual([]);
  });

  it("leaves to others what it was stopped over, and they send it once more", async () => {
    const [lost, other, third] = [orchestrator(), orchestrator(), orchestrator()];
    answers = [failed];
    lost.webhooks.notify(batch, "completed", 0);
    await after(1_000);
    lost.webhooks.stop();
    await lost.background.idle();
    expect(waiting()).toHaveLength(1);

    await other.webhooks.sweep();
    await other.background.idle();
    expect(sent).toHaveLength(1);

    clock.advance(15 * minuteMs);
    await Promise.all([other.webhooks.sweep(), third.webhooks.sweep()]);
    await Promise.all([other.background.idle(), third.background.idle()]);
    expect(sent).toHaveLength(2);
    expect(sent[1]?.id).toBe(sent[0]?.id);
    expect(waiting()).toEqual([]);
  });

  it("gives up an event that two were lost over", async () => {
    answers = [failed, failed];
    const first = orchestrator();
    first.webhooks.notify(batch, "completed", 0);
    await after(1_000);
    first.webhooks.stop();
    clock.advance(15 * minuteMs);
    const second = orchestrator();
    await second.webhooks.sweep();
    await after(1_000);
    second.webhooks.stop();
    await second.background.idle();
    expect(sent).toHaveLength(2);

    clock.advance(14 * minuteMs);
    const third = orchestrator();
    await third.webhooks.sweep();
    expect(waiting()).toHaveLength(1);
    clock.advance(minuteMs);
    await third.webhooks.sweep();
    await third.background.idle();
    expect(sent).toHaveLength(2);
    expect(waiting()).toEqual([]);
  });
});
