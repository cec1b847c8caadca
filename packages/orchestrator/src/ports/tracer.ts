import type { RemoteTrace, SpanRef, TraceRef } from "../core/tracing/trace-context.ts";

export type SpanValue = string | number | boolean | readonly string[];

/** What is undefined is left out. Never a prompt, an answer or a key. */
export type SpanAttributes = Readonly<Record<string, SpanValue | undefined>>;

export interface NewSpan {
  readonly name: string;
  /** Undefined: something that happens inside. */
  readonly kind?: "server" | "client";
  readonly attributes?: SpanAttributes;
  /** Another trace that it has to do with. */
  readonly linkTo?: SpanRef;
  /** In monotonic time; undefined: it begins now. */
  readonly atMs?: number;
}

/** Something that took time, for whoever looks at traces. */
export interface Span {
  readonly ref: SpanRef;
  set(attributes: SpanAttributes): void;
  /** Something that happened meanwhile, now. */
  event(name: string, attributes?: SpanAttributes): void;
  /** Only the first call counts. `error` is the code of what went wrong; `atMs` is monotonic. */
  end(how?: { readonly error?: string | undefined; readonly atMs?: number }): void;
}

/**
 * Records what happens to requests. Where it is off there is none (`undefined`), and nothing is made for it; of a trace
 * that is not sampled there are no spans. Nothing here waits or throws: what cannot be kept is dropped.
 */
export interface Tracer {
  /** The first span here of a trace; whoever asked may have decided whether it is recorded. */
  root(
    span: NewSpan & {
      readonly traceId: string;
      /** Undefined: a new one. */
      readonly spanId?: string;
      readonly remote?: RemoteTrace | undefined;
    },
  ): Span | undefined;
  child(parent: TraceRef | undefined, span: NewSpan): Span | undefined;
  /** Sends what is left, for a while. */
  close(): Promise<void>;
}
