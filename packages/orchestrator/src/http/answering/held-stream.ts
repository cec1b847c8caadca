import type { Clock } from "@muster/base";
import type { FastifyReply } from "fastify";
import { EventStream } from "../sse.ts";
import type { StreamEvent } from "./wording.ts";

/**
 * Headers of a stream are held until there is something to say: until then a failure is a proper HTTP error. Clients
 * and proxies give up on silence, so they go out after this time in the queue, ...
 */
const holdQueuedMs = 20_000;
/** ... and after this time on a worker: what an engine refuses, it refuses before it has read the prompt. */
const holdStartedMs = 5_000;
/** How often whoever waits for a model that is being loaded is told how far it is. */
const tellEveryMs = 1_000;

/** An event stream that opens with its first event, or when its time has come. */
export class HeldStream {
  readonly #clock: Clock;
  readonly #reply: FastifyReply;
  readonly #events: EventStream;
  #stopTimer: () => void;
  #stopTelling: () => void = () => {};
  #hasStarted = false;
  #isOpen = false;
  #isAbandoned = false;

  /** @param comingUp what is being done to get the model ready, while it is not */
  constructor(clock: Clock, reply: FastifyReply, comingUp: () => string | undefined) {
    this.#clock = clock;
    this.#reply = reply;
    this.#events = new EventStream(reply.raw);
    this.#stopTimer = clock.after(holdQueuedMs, () => this.open());
    this.#tellAgain(comingUp);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A worker has begun. */
  started(): void {
    this.#stopTelling();
    if (this.#hasStarted || this.#isOpen || this.#isAbandoned) return;
    this.#hasStarted = true;
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(holdStartedMs, () => this.open());
  }

  open(): void {
    if (this.#isOpen || this.#isAbandoned) return;
    this.#isOpen = true;
    this.#stopTimer();
    this.#reply.hijack();
    this.#events.open(plainHeaders(this.#reply));
  }

  async send(events: readonly StreamEvent[]): Promise<void> {
    if (events.length === 0 || this.#isAbandoned) return;
    this.#stopTelling();
    this.open();
    for (const { data, event } of events) await this.#events.send(data, event);
  }

  /** Says the failure that ends the stream; what other choices say after it is dropped. */
  async fail(events: readonly StreamEvent[]): Promise<void> {
    const said = this.send(events);
    this.#isAbandoned = true;
    this.#stopTelling();
    await said;
    this.close();
  }

  close(marker?: string): void {
    this.open();
    this.#events.close(marker);
  }

  /** The answer has failed before anything was said, and becomes an HTTP error; what other choices say is dropped. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#stopTimer();
    this.#stopTelling();
  }

  /** A cold start takes a while: the client hears of it in comments, and its connection stays alive. */
  #tellAgain(comingUp: () => string | undefined): void {
    this.#stopTelling = this.#clock.after(tellEveryMs, () => {
      if (this.#hasStarted || this.#isAbandoned) return;
      const says = comingUp();
      if (says !== undefined) {
        this.open();
        this.#events.comment(says);
      }
      this.#tellAgain(comingUp);
    });
  }
}

/** Headers that hooks have set; once hijacked, Fastify sends none by itself. */
export function plainHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}
