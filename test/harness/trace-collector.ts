import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type AtEnd, eventually, untilTestEnds } from "./cluster.ts";

/** A span as it came over the wire. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
  readonly service: string;
  /** Which orchestrator. */
  readonly instance: string;
}

export interface TraceCollector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  readonly headers: readonly Readonly<Record<string, unknown>>[];
  /** How many connections were made. */
  readonly connections: () => number;
  /** All that came, as text. */
  readonly bodies: readonly string[];
  /** Answers with this from now on; undefined: does not answer at all. */
  answerWith(status: number | undefined): void;
  /** Waits for so many spans of a trace. */
  ofTrace(traceId: string, count: number): Promise<readonly CollectedSpan[]>;
}

type WireValue = Readonly<Record<string, unknown>>;
interface WireAttribute {
  readonly key: string;
  readonly value: WireValue;
}
interface WireSpan extends Omit<CollectedSpan, "attributes" | "events" | "fromNs" | "toNs" | "isError"> {
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly WireAttribute[];
  readonly events?: readonly { readonly name: string }[];
  readonly status?: { readonly code?: number };
}
interface WireRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly WireAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

/** Takes what is sent as OTLP over HTTP in JSON, as a collector of OpenTelemetry does. */
export async function startTraceCollector(atEnd: AtEnd = untilTestEnds): Promise<TraceCollector> {
  const spans: CollectedSpan[] = [];
  const headers: TraceCollector["headers"][number][] = [];
  const bodies: string[] = [];
  let connections = 0;
  let status: number | undefined = 200;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (status === undefined) return;
      const text = Buffer.concat(chunks).toString();
      headers.push(request.headers);
      bodies.push(text);
      if (status === 200) spans.push(...spansOf(JSON.parse(text) as WireRequest));
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://127.0.0.1:${port}`, spans, headers, bodies },
    connections: () => connections,
    answerWith: (next) => {
      status = next;
    },
    async ofTrace(traceId, count) {
      const found = () => spans.filter((span) => span.traceId === traceId);
      await eventually(() => found().length >= count).catch(() => {});
      return found();
    },
  };
}

function spansOf({ resourceSpans }: WireRequest): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const about = attributesOf(resource.attributes);
    const of = { service: String(about["service.name"]), instance: String(about["service.instance.id"]) };
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...spanOf(span), ...of })));
  });
}

function spanOf(span: WireSpan): Omit<CollectedSpan, "service" | "instance"> {
  return {
    ...{ traceId: span.traceId, spanId: span.spanId, parentSpanId: span.parentSpanId || undefined },
    ...{ name: span.name, kind: span.kind },
    fromNs: BigInt(span.startTimeUnixNano),
    toNs: BigInt(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes ?? []),
    events: (span.events ?? []).map(({ name }) => name),
    links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
    isError: span.status?.code === 2,
  };
}

function attributesOf(attributes: readonly WireAttribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue(value: WireValue): unknown {
  if ("intValue" in value) return Number(value["intValue"]);
  if ("arrayValue" in value) {
    const { values } = value["arrayValue"] as { values: readonly WireValue[] };
    return values.map(plainValue);
  }
  return Object.values(value)[0];
}
