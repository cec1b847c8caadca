/** Which trace something belongs to; travels from the home of a request to its runner. */
export interface TraceRef {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** Of the span that what follows is a part of; undefined: nothing is recorded. */
  readonly spanId?: string | undefined;
}

/** A span that is recorded, as others refer to it. */
export interface SpanRef extends TraceRef {
  readonly spanId: string;
}

/** What a client says of the trace that its request belongs to. */
export interface RemoteTrace extends SpanRef {
  readonly isSampled: boolean;
}

const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const nothing = /^0+$/;
/** Longer ones hold nothing that is known here. */
const maxLength = 512;

/** The W3C header `traceparent`; undefined for one that is not valid, and counts as none. */
export function parseTraceparent(header: string | readonly string[] | undefined): RemoteTrace | undefined {
  if (typeof header !== "string" || header.length > maxLength) return undefined;
  const [, version, traceId, spanId, flags, rest] = traceparent.exec(header) ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined)
    return undefined;
  // Later versions may add fields; ff is none.
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (nothing.test(traceId) || nothing.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
