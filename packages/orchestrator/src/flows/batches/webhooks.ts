import { type Background, type Clock, type Log, pause } from "@muster/base";
import type { BatchRecord } from "../../core/batches/batch.ts";
import {
  eventBody,
  eventName,
  type WebhookEvent,
  type WebhookNews,
  webhookEvent,
  webhookKeys,
} from "../../core/batches/webhook-event.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { WebhookSender } from "../../ports/webhook-sender.ts";
import { jsonBytes, readRecord } from "./stored-json.ts";

/** Between one try and the next, give or take a fifth: five tries in about ten minutes. */
const waitsMs = [10_000, 40_000, 160_000, 300_000];
/** Whoever undertook to send an event is done with it by then, one way or the other. */
const abandonedMs = 15 * 60_000;
/** More stay written down until a sweep. */
const maxSending = 256;

interface WebhooksDeps {
  readonly store: ObjectStore;
  readonly sender: WebhookSender;
  readonly digest: Digest;
  readonly background: Background;
  readonly clock: Clock;
  readonly log: Log;
  /** A uniform draw from [0, 1). */
  readonly random: () => number;
}

/**
 * Tells people's own services what happens to their batches, without holding a batch up. Each event is written down
 * before it is sent, so that it is sent even when whoever began to is lost. It may come twice then, with the same id.
 */
export class Webhooks {
  readonly #deps: WebhooksDeps;
  readonly #stop = new AbortController();
  #sending = 0;

  constructor(deps: WebhooksDeps) {
    this.#deps = deps;
  }

  /** Sends in the background what nobody has undertaken to send; may be called again for the same news. */
  notify(record: Pick<BatchRecord, "id" | "options">, news: WebhookNews, atMs: number): void {
    const { webhookUrl: url } = record.options;
    if (url === undefined || this.#stop.signal.aborted) return;
    const event = webhookEvent({ id: record.id, url }, news, atMs);
    this.#deps.background.run("webhook", () => this.#take(event));
  }

  /** Takes up what others were lost over. To be called now and then, by everybody. */
  async sweep(): Promise<void> {
    const { store, background } = this.#deps;
    for await (const { key, modifiedAtMs } of store.list(webhookKeys.waiting)) {
      if (this.#stop.signal.aborted || this.#sending >= maxSending) return;
      if (!this.#isAbandoned(modifiedAtMs)) continue;
      const event = await readRecord<WebhookEvent>(store, key, ["batchId", "url", "type", "atMs"]);
      if (event !== undefined && (await this.#takeAgain(event)))
        background.run("webhook", () => this.#deliver(event));
    }
  }

  /** Ends all waiting; what was not delivered is left to others. */
  stop(): void {
    this.#stop.abort();
  }

  async #take(event: WebhookEvent): Promise<void> {
    const { store } = this.#deps;
    if ((await store.head(webhookKeys.taken(event))) !== undefined) return;
    // Written first: an event that was taken and not written down could be lost.
    await store.put(webhookKeys.waitingEvent(event), jsonBytes(event));
    if (this.#sending >= maxSending) return;
    if (await store.putIfAbsent(webhookKeys.taken(event), new Uint8Array())) await this.#deliver(event);
  }

  /** True where it is ours now. Whoever is lost over an event for the second time is its last sender. */
  async #takeAgain(event: WebhookEvent): Promise<boolean> {
    const { store, log } = this.#deps;
    if (await store.putIfAbsent(webhookKeys.taken(event), new Uint8Array())) return true;
    if (await store.putIfAbsent(webhookKeys.takenAgain(event), new Uint8Array())) return true;
    const second = await store.head(webhookKeys.takenAgain(event));
    if (second === undefined || this.#isAbandoned(second.modifiedAtMs)) {
      log.warn({ batchId: event.batchId, type: event.type }, "webhook given up: two were lost over it");
      await store.remove(webhookKeys.waitingEvent(event));
    }
    return false;
  }

  #isAbandoned(sinceMs: number): boolean {
    return this.#deps.clock.wallMs() - sinceMs >= abandonedMs;
  }

  async #deliver(event: WebhookEvent): Promise<void> {
    this.#sending += 1;
    try {
      const isOver = await this.#sendUntilDone(event);
      if (isOver) await this.#deps.store.remove(webhookKeys.waitingEvent(event));
    } finally {
      this.#sending -= 1;
    }
  }

  /** False when it was stopped before the event was delivered or given up. */
  async #sendUntilDone(event: WebhookEvent): Promise<boolean> {
    const { sender, digest, clock, log, random } = this.#deps;
    const { batchId, type, url } = event;
    const { signal } = this.#stop;
    const id = `evt_${digest(eventName(event)).slice(0, 32)}`;
    const body = eventBody(id, event);
    for (let tries = 1; ; tries++) {
      const waitMs = waitsMs[tries - 1];
      const atSeconds = Math.floor(clock.wallMs() / 1000);
      const answer = await sender.send({ url, id, atSeconds, body }, signal);
      if (answer.kind === "delivered") return true;
      if (signal.aborted) return false;
      const { reason, isFinal } = answer;
      if (isFinal || waitMs === undefined) {
        log.warn({ batchId, type, tries, reason }, "webhook not delivered");
        return true;
      }
      log.debug({ batchId, type, tries, reason }, "webhook to be sent again");
      await pause(clock, waitMs * (0.8 + 0.4 * random()), signal);
      if (signal.aborted) return false;
    }
  }
}
