import { type BatchOutcome, batchState, type LineError, type LineUsage } from "../../core/batches/batch.ts";
import type { PlanReport } from "../../core/batches/plan-report.ts";
import type { BatchView } from "../../ports/batches.ts";
import { secondsOf } from "./unix-seconds.ts";

/** A batch in OpenAI's words: what is not there yet is null. `muster` holds what OpenAI has no field for. */
export function batchBody(view: BatchView) {
  const { record, events, counts, usage } = view;
  const { validated, failed, cancelling, finalizing, sealed } = events;
  const models = validated?.models ?? [];
  const endedAt = (outcome: BatchOutcome) =>
    finalizing?.outcome === outcome ? secondsOf(sealed?.atMs) : null;
  return {
    id: record.id,
    object: "batch",
    endpoint: record.endpoint,
    model: models.length === 1 ? (models[0]?.model ?? null) : null,
    errors: failed === undefined ? null : { object: "list", data: failed.errors.map(errorBody) },
    input_file_id: record.inputFileId,
    completion_window: record.completionWindow,
    status: batchState(events),
    output_file_id: sealed?.outputFileId ?? null,
    error_file_id: sealed?.errorFileId ?? null,
    created_at: secondsOf(record.createdAtMs),
    in_progress_at: secondsOf(validated?.atMs),
    expires_at: secondsOf(record.expiresAtMs),
    finalizing_at: secondsOf(finalizing?.atMs),
    completed_at: endedAt("completed"),
    failed_at: secondsOf(failed?.atMs),
    expired_at: endedAt("expired"),
    cancelling_at: secondsOf(cancelling?.atMs),
    cancelled_at: endedAt("cancelled"),
    request_counts: { total: counts.total, completed: counts.completed, failed: counts.failed },
    usage: usageBody(usage),
    metadata: record.metadata ?? null,
    muster: musterBody(view),
  };
}

function musterBody({ record, events, counts, cachedLines, isPaused, waitsFor, forecast }: BatchView) {
  const { priority, provenance, resultCache, webhookUrl } = record.options;
  const { total, completed, failed } = counts;
  return {
    priority,
    paused: isPaused,
    waits_for: waitsFor ?? null,
    models: events.validated?.models ?? [],
    error_count: events.failed?.errorCount ?? 0,
    progress: { total, completed, failed, cached: cachedLines },
    forecast:
      forecast === undefined
        ? null
        : {
            finish_at: secondsOf(forecast.finishAtMs),
            lines_per_second: forecast.linesPerSecond,
            tokens_per_second: forecast.tokensPerSecond,
            remaining_lines: forecast.remainingLines,
          },
    provenance,
    provenance_file_id: events.sealed?.provenanceFileId ?? null,
    result_cache: resultCache,
    webhook_url: webhookUrl ?? null,
  };
}

/** What a batch would take, as an object of its own kind. */
export function planBody({ lines, errors, errorCount, models, hours }: PlanReport) {
  return {
    object: "batch.plan",
    lines,
    errors: { object: "list", data: errors.map(errorBody), total: errorCount },
    models: models.map((plan) => ({
      model: plan.model,
      lines: plan.lines,
      estimated_prompt_tokens: plan.estimatedPromptTokens,
      max_completion_tokens: plan.maxCompletionTokens,
      too_long_lines: plan.tooLongLines,
      too_long_count: plan.tooLongCount,
      workers: plan.workers,
      hours: plan.hours ?? null,
    })),
    hours: hours ?? null,
  };
}

function errorBody({ code, message, param, line }: LineError) {
  return { code, message, param: param ?? null, line: line ?? null };
}

function usageBody({ promptTokens, cachedTokens, completionTokens, reasoningTokens }: LineUsage) {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
    total_tokens: promptTokens + completionTokens,
  };
}
