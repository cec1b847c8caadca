import { randomUUID } from "node:crypto";
import type { Clock, Log } from "@muster/base";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { SamplingDecision, type SpanExporter, TraceIdRatioBasedSampler } from "@opentelemetry/sdk-trace-base";
import type { RemoteTrace, SpanRef } from "../../core/tracing/trace-context.ts";
import type { NewSpan, Span, Tracer } from "../../ports/tracer.ts";
import { RecordedSpan, type SpanTools } from "./recorded-span.ts";
import { SpanQueue } from "./span-queue.ts";

/** A collector that takes longer for a batch does not get it. */
const exportTimeoutMs = 10_000;
/** The wall clock was set: spans that begin from now on follow it. Less is the fraction that it leaves out. */
const clockStepMs = 100;

export interface TracerOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly version: string;
  /** Which orchestrator. */
  readonly instance: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: { readonly ratio: number; readonly followsParent: boolean };
  readonly clock: Clock;
  readonly log: Log;
  /** Another one is for tests. */
  readonly exporter?: SpanExporter;
}

/**
 * Sends spans to a collector of OpenTelemetry, as OTLP over HTTP. What is recorded is decided at the first span of a
 * trace. Times are of the monotonic clock, set to Unix time once, so that a span encloses what it is the parent of.
 */
export function createOpenTelemetryTracer(options: TracerOptions): Tracer {
  const { clock, sampler } = options;
  const exporter =
    options.exporter ??
    new OTLPTraceExporter({
      ...{ url: options.url, headers: { ...options.headers }, timeoutMillis: exportTimeoutMs },
    });
  const queue = new SpanQueue(exporter, options);
  const ratio = new TraceIdRatioBasedSampler(sampler.ratio);
  let tools: SpanTools = {
    resource: resourceFromAttributes({
      ...options.resource,
      "service.name": options.serviceName,
      "service.version": options.version,
      "service.instance.id": options.instance,
    }),
    scope: { name: "muster", version: options.version },
    nowMs: () => clock.nowMs(),
    epochMs: clock.wallMs() - clock.nowMs(),
    ended: (span) => queue.add(span),
  };
  const toolsOfNow = (): SpanTools => {
    const epochMs = clock.wallMs() - clock.nowMs();
    if (Math.abs(epochMs - tools.epochMs) > clockStepMs) tools = { ...tools, epochMs };
    return tools;
  };
  const isSampled = (traceId: string, remote: RemoteTrace | undefined): boolean => {
    if (remote !== undefined && sampler.followsParent) return remote.isSampled;
    const { decision } = ratio.shouldSample(ROOT_CONTEXT, traceId);
    return decision === SamplingDecision.RECORD_AND_SAMPLED;
  };
  const begin = (
    ref: SpanRef,
    parent: SpanRef | undefined,
    how: NewSpan & { isParentRemote: boolean },
  ): Span => new RecordedSpan(ref, { ...how, parent }, toolsOfNow());
  return {
    root({ traceId, spanId = newSpanId(), remote, ...span }) {
      if (!isSampled(traceId, remote)) return undefined;
      return begin({ traceId, spanId }, remote, { ...span, isParentRemote: true });
    },
    child(parent, span) {
      if (parent?.spanId === undefined) return undefined;
      const { traceId, spanId } = parent;
      const ref = { traceId, spanId: newSpanId() };
      return begin(ref, { traceId, spanId }, { ...span, isParentRemote: false });
    },
    close: () => queue.close(),
  };
}

/** 16 hexadecimal digits, of those of a UUID that are random. */
function newSpanId(): string {
  const id = randomUUID();
  return id.slice(0, 4) + id.slice(24);
}
