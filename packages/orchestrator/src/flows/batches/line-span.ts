import type { Clock } from "@muster/base";
import { type BatchEvents, type BatchRecord, batchState } from "../../core/batches/batch.ts";
import { usageAttributes } from "../../core/tracing/gen-ai.ts";
import type { SpanRef } from "../../core/tracing/trace-context.ts";
import type { Verdict } from "../../ports/commit-ledger.ts";
import type { Digest } from "../../ports/digest.ts";
import type { Tracer } from "../../ports/tracer.ts";
import type { LineAnswer } from "./answer-line.ts";
import { lineIds } from "./line-body.ts";

/** A line while one orchestrator has it, as a trace shows it: a trace of its own. */
export interface LineSpan {
  readonly ref: SpanRef;
  answered(answer: LineAnswer, verdict: Verdict): void;
  end(): void;
}

/** The trace of a batch: the same for everybody who knows the batch, without a record of it. */
function batchSpanRef(digest: Digest, batchId: string): SpanRef {
  const name = digest(`trace:${batchId}`);
  return { traceId: name.slice(0, 32), spanId: name.slice(32, 48) };
}

/** Undefined where the line is not traced. */
export function beginLineSpan(
  { tracer, digest }: { readonly tracer?: Tracer | undefined; readonly digest: Digest },
  record: BatchRecord,
  of: { readonly line: number; readonly model: string },
): LineSpan | undefined {
  if (tracer === undefined) return undefined;
  const { line, model } = of;
  const { requestId, traceId } = lineIds(digest, { batchId: record.id, line });
  const span = tracer.root({
    name: "batch line",
    traceId,
    linkTo: batchSpanRef(digest, record.id),
    attributes: {
      "muster.batch.id": record.id,
      "muster.batch.line": line,
      "muster.batch.endpoint": record.endpoint,
      "muster.request.id": requestId,
      "gen_ai.provider.name": "muster",
      "gen_ai.request.model": model,
    },
  });
  if (span === undefined) return undefined;
  return {
    ref: span.ref,
    answered({ outcome, usage, isCached }, verdict) {
      span.set({
        "muster.batch.verdict": verdict,
        "muster.batch.cached": isCached || undefined,
        ...usageAttributes(usage),
      });
      span.end(outcome === "failed" ? { error: "line_failed" } : {});
    },
    end: () => span.end(),
  };
}

/** A batch from its creation to its end, said by whoever writes its last event. */
export function recordBatchSpan(
  deps: { readonly tracer: Tracer | undefined; readonly digest: Digest; readonly clock: Clock },
  record: BatchRecord,
  events: BatchEvents,
): void {
  const { tracer, digest, clock } = deps;
  const endedAtMs = events.sealed?.atMs ?? events.failed?.atMs;
  if (tracer === undefined || endedAtMs === undefined) return;
  const monotonic = (wallMs: number) => clock.nowMs() + wallMs - clock.wallMs();
  const status = batchState(events);
  const span = tracer.root({
    ...batchSpanRef(digest, record.id),
    name: "batch",
    atMs: monotonic(record.createdAtMs),
    attributes: {
      "muster.batch.id": record.id,
      "muster.batch.endpoint": record.endpoint,
      "muster.batch.status": status,
      "muster.batch.completed": events.sealed?.counts.completed,
      "muster.batch.failed": events.sealed?.counts.failed,
    },
  });
  span?.end({
    atMs: monotonic(endedAtMs),
    error: status === "failed" ? "batch_failed" : undefined,
  });
}
