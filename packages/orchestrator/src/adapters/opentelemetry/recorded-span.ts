import { type Attributes, type HrTime, SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { RemoteTrace, SpanRef } from "../../core/tracing/trace-context.ts";
import type { NewSpan, Span, SpanAttributes } from "../../ports/tracer.ts";

/** As much as is kept of one span. */
const maxEvents = 32;
const maxTextLength = 1_024;

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;

export interface SpanTools {
  readonly resource: Resource;
  readonly scope: ReadableSpan["instrumentationScope"];
  readonly nowMs: () => number;
  /** What is added to monotonic time for Unix time. */
  readonly epochMs: number;
  readonly ended: (span: ReadableSpan) => void;
}

/** A span while it lasts; then it goes out as it is. */
export class RecordedSpan implements Span {
  readonly ref: SpanRef;
  readonly #tools: SpanTools;
  readonly #begun: NewSpan & { readonly parent: SpanRef | undefined; readonly isParentRemote: boolean };
  readonly #beganAtMs: number;
  readonly #attributes: Attributes = {};
  readonly #events: ReadableSpan["events"] = [];
  #droppedEvents = 0;
  #isEnded = false;

  constructor(
    ref: SpanRef,
    begun: NewSpan & { readonly parent: SpanRef | RemoteTrace | undefined; readonly isParentRemote: boolean },
    tools: SpanTools,
  ) {
    this.ref = ref;
    this.#begun = begun;
    this.#tools = tools;
    this.#beganAtMs = begun.atMs ?? tools.nowMs();
    this.set(begun.attributes ?? {});
  }

  set(attributes: SpanAttributes): void {
    if (!this.#isEnded) assign(this.#attributes, attributes);
  }

  event(name: string, attributes: SpanAttributes = {}): void {
    if (this.#isEnded) return;
    if (this.#events.length >= maxEvents) {
      this.#droppedEvents += 1;
      return;
    }
    const kept: Attributes = {};
    assign(kept, attributes);
    this.#events.push({ name, attributes: kept, time: this.#at(this.#tools.nowMs()) });
  }

  end({ error, atMs }: { readonly error?: string | undefined; readonly atMs?: number } = {}): void {
    if (this.#isEnded) return;
    if (error !== undefined) this.set({ "error.type": error });
    this.#isEnded = true;
    const endedAtMs = Math.max(this.#beganAtMs, atMs ?? this.#tools.nowMs());
    const { name, kind, linkTo, parent, isParentRemote } = this.#begun;
    const { resource, scope, ended } = this.#tools;
    const context = contextOf(this.ref);
    ended({
      name,
      kind: kind === undefined ? SpanKind.INTERNAL : kinds[kind],
      spanContext: () => context,
      ...(parent && { parentSpanContext: { ...contextOf(parent), isRemote: isParentRemote } }),
      startTime: this.#at(this.#beganAtMs),
      endTime: this.#at(endedAtMs),
      duration: hrTime(endedAtMs - this.#beganAtMs),
      status: { code: error === undefined ? SpanStatusCode.UNSET : SpanStatusCode.ERROR },
      attributes: this.#attributes,
      links: linkTo === undefined ? [] : [{ context: contextOf(linkTo) }],
      events: this.#events,
      ended: true,
      resource,
      instrumentationScope: scope,
      droppedAttributesCount: 0,
      droppedEventsCount: this.#droppedEvents,
      droppedLinksCount: 0,
    });
  }

  #at(ms: number): HrTime {
    return hrTime(this.#tools.epochMs + ms);
  }
}

function contextOf({ traceId, spanId }: SpanRef) {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED };
}

function assign(to: Attributes, attributes: SpanAttributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || (typeof value === "number" && !Number.isFinite(value))) continue;
    if (typeof value === "string") to[name] = value.slice(0, maxTextLength);
    else to[name] = typeof value === "object" ? [...value] : value;
  }
}

/** Seconds and nanoseconds. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.min(999_999_999, Math.max(0, Math.round((ms - seconds * 1_000) * 1e6)))];
}
