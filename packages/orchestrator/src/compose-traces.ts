import type { Clock, Lifecycle, Log } from "@muster/base";
import type { Tracer } from "./ports/tracer.ts";
import type { TraceConfig } from "./trace-config.ts";
import { version } from "./version.ts";

/** Undefined where traces are off: then OpenTelemetry is not even loaded. */
export async function startTraces(deps: {
  readonly traces: TraceConfig | undefined;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
}): Promise<Tracer | undefined> {
  const { traces, self, clock, log, lifecycle } = deps;
  if (traces === undefined) return undefined;
  const { createOpenTelemetryTracer } = await import("./adapters/opentelemetry/tracer.ts");
  const tracer = createOpenTelemetryTracer({ ...traces, version, instance: self, clock, log });
  lifecycle.onStop("traces", () => tracer.close());
  log.info({ url: originOf(traces.url), ...traces.sampler }, "traces are sent to a collector");
  return tracer;
}

/** Its path may hold a key. */
function originOf(url: string): string {
  return new URL(url).origin;
}
