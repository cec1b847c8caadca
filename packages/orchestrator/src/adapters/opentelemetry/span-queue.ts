import type { Clock, Log } from "@muster/base";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace-base";

/** Spans that wait for the collector; more are dropped. */
const maxWaiting = 4_096;
/** At once: turning them into JSON holds up everything else meanwhile. */
const maxBatch = 256;
const gatherMs = 1_000;
/** What was dropped is said once in this time. */
const tellMs = 60_000;
/** For what is left when the orchestrator stops. */
const closeMs = 3_000;

/** Spans on their way to the collector. Nobody waits for them: a collector that is away costs spans, and nothing else. */
export class SpanQueue {
  readonly #exporter: SpanExporter;
  readonly #clock: Clock;
  readonly #log: Log;
  #waiting: ReadableSpan[] = [];
  #dropped = 0;
  #reason = "";
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #sending: Promise<void> | undefined;
  #stopTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(exporter: SpanExporter, deps: { readonly clock: Clock; readonly log: Log }) {
    this.#exporter = exporter;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  add(span: ReadableSpan): void {
    if (this.#isClosed || this.#waiting.length >= maxWaiting) {
      this.#drop(1, this.#isClosed ? "the orchestrator has stopped" : "too many wait for the collector");
      return;
    }
    this.#waiting.push(span);
    if (this.#sending !== undefined) return;
    if (this.#waiting.length >= maxBatch) this.#send();
    else this.#stopTimer ??= this.#clock.after(gatherMs, () => this.#send());
  }

  /** Sends what waits, for a while; what is left then is dropped. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    let stopTimer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      stopTimer = setTimeout(resolve, closeMs);
    });
    await Promise.race([this.#sendAll(), limit]);
    clearTimeout(stopTimer);
    this.#drop(this.#waiting.splice(0).length, "the collector did not take them in time");
    // Ends connections that are kept open; it waits for nothing that we have not waited for.
    await Promise.race([this.#exporter.shutdown().catch(() => {}), limit]);
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      if (this.#sending === undefined) this.#send();
      if (this.#sending === undefined) return;
      await this.#sending;
    }
  }

  #send(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    if (this.#sending !== undefined || this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0, maxBatch);
    this.#sending = this.#export(batch).then((failure) => {
      this.#sending = undefined;
      if (failure !== undefined) this.#drop(batch.length, failure);
      if (this.#isClosed || this.#waiting.length === 0) return;
      if (this.#waiting.length >= maxBatch) this.#send();
      else this.#stopTimer ??= this.#clock.after(gatherMs, () => this.#send());
    });
  }

  /** What kept them from being taken. */
  #export(batch: ReadableSpan[]): Promise<string | undefined> {
    return new Promise((resolve) => {
      try {
        this.#exporter.export(batch, ({ code, error }) =>
          resolve(code === 0 ? undefined : (error?.message ?? "the collector did not take them")),
        );
      } catch (error) {
        resolve(String(error));
      }
    });
  }

  #drop(count: number, reason: string): void {
    if (count === 0) return;
    this.#dropped += count;
    this.#reason = reason;
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#toldAtMs < tellMs) return;
    this.#toldAtMs = nowMs;
    this.#log.warn({ dropped: this.#dropped, reason: this.#reason.slice(0, 300) }, "spans dropped");
    this.#dropped = 0;
  }
}
