import type { Clock } from "@muster/base";
import { usageAttributes } from "../core/tracing/gen-ai.ts";
import { placePhases } from "../core/tracing/place-phases.ts";
import type { SpanRef, TraceRef } from "../core/tracing/trace-context.ts";
import type { Tracer } from "../ports/tracer.ts";
import type { Outcome } from "./attempt-outcome.ts";
import type { SlotLease } from "./slot-lease.ts";

/** One attempt as a trace shows it, with what its worker has measured. */
export interface AttemptSpan {
  /** A piece of its answer has come. */
  piece(): void;
  ended(outcome: Outcome): void;
}

/** Undefined where its request is not traced. */
export function beginAttemptSpan(
  { tracer, clock }: { readonly tracer: Tracer | undefined; readonly clock: Clock },
  of: { readonly trace: TraceRef | undefined; readonly attemptId: string; readonly epoch: number },
  lease: SlotLease,
): AttemptSpan | undefined {
  if (tracer === undefined || of.trace?.spanId === undefined) return undefined;
  const beganAtMs = clock.nowMs();
  const span = tracer.child(of.trace, {
    name: "attempt",
    atMs: beganAtMs,
    attributes: {
      "muster.request.id": of.attemptId,
      "muster.attempt.epoch": of.epoch,
      "muster.worker.id": lease.workerId,
      "muster.worker.name": lease.workerName,
      "muster.replica.id": lease.replicaId,
      "muster.lane.class": lease.laneClass,
      "gen_ai.response.model": lease.model,
    },
  });
  if (span === undefined) return undefined;
  let firstPieceAtMs: number | undefined;
  return {
    piece() {
      if (firstPieceAtMs !== undefined) return;
      firstPieceAtMs = clock.nowMs();
      span.event("first token");
    },
    ended(outcome) {
      const endedAtMs = clock.nowMs();
      span.set({ "muster.attempt.result": outcome.kind });
      switch (outcome.kind) {
        case "finished": {
          const { usage, timings } = outcome;
          span.set(usageAttributes(usage));
          phases(tracer, span.ref, { beganAtMs, endedAtMs, firstPieceAtMs, ...timings });
          return span.end({ atMs: endedAtMs });
        }
        case "failed":
          return span.end({ error: outcome.code, atMs: endedAtMs });
        case "lost":
          return span.end({ error: "worker_lost", atMs: endedAtMs });
        case "cancelled":
          return span.end({ atMs: endedAtMs });
        default:
          return outcome satisfies never;
      }
    },
  };
}

/** Their lengths are the worker's, their places ours. */
function phases(tracer: Tracer, attempt: SpanRef, measured: Parameters<typeof placePhases>[0]): void {
  const { prefill, decode } = placePhases(measured);
  tracer.child(attempt, { name: "prefill", atMs: prefill.fromMs })?.end({ atMs: prefill.toMs });
  tracer.child(attempt, { name: "decode", atMs: decode.fromMs })?.end({ atMs: decode.toMs });
}
