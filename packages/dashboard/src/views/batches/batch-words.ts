import type { Batch, LiveBatch } from "@muster/sdk";

/** How a state is meant, for its colour and sign. */
export type Mood = "busy" | "good" | "bad" | "quiet";

interface StatusWords {
  readonly word: string;
  readonly mood: Mood;
  readonly means: string;
}

const statuses: Readonly<Record<string, StatusWords>> = {
  validating: {
    word: "Checking",
    mood: "busy",
    means: "The file is read from end to end. Nothing runs yet.",
  },
  in_progress: { word: "Running", mood: "busy", means: "Lines run on the slots that people leave." },
  finalizing: { word: "Finishing", mood: "busy", means: "All is worked out; the files are put together." },
  completed: { word: "Done", mood: "good", means: "Every line has its answer." },
  failed: { word: "Refused", mood: "bad", means: "The file is not good. Nothing has run." },
  expired: { word: "Expired", mood: "bad", means: "The window has closed. What was done is in the output." },
  cancelling: { word: "Cancelling", mood: "busy", means: "No line is started any more." },
  cancelled: {
    word: "Cancelled",
    mood: "quiet",
    means: "Somebody ended it early. What was done is in the output.",
  },
};

export function statusWords(status: string, isPaused = false): StatusWords {
  if (isPaused && status === "in_progress")
    return { word: "Paused", mood: "quiet", means: "Lines that run come to their end; no other is started." };
  return statuses[status] ?? { word: status, mood: "quiet", means: "" };
}

export function isOver(status: string): boolean {
  return ["completed", "failed", "expired", "cancelled"].includes(status);
}

/** A row of the list: what was read of it, and what has been heard since. */
export interface BatchRow {
  readonly id: string;
  readonly status: string;
  readonly isPaused: boolean;
  readonly name: string | null;
  readonly model: string | null;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly createdAt: number;
  readonly endsAt: number | null;
  readonly linesPerSecond: number | null;
}

/** Newest first. What lives is newer than what was read; rates are told of what was read alone. */
export function batchRows(read: readonly Batch[], live: readonly LiveBatch[]): readonly BatchRow[] {
  const rows = new Map(read.map((batch) => [batch.id, rowOf(batch)]));
  for (const now of live) rows.set(now.id, withLive(rows.get(now.id), now));
  return [...rows.values()].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
}

function rowOf(batch: Batch): BatchRow {
  const { progress, forecast } = batch.muster;
  return {
    ...{ id: batch.id, status: batch.status, isPaused: batch.muster.paused },
    name: batch.metadata?.["name"] ?? null,
    model: modelWords(batch),
    ...{ total: progress.total, completed: progress.completed, failed: progress.failed },
    createdAt: batch.created_at,
    endsAt: isOver(batch.status) ? null : (forecast?.finish_at ?? null),
    linesPerSecond: forecast?.lines_per_second ?? null,
  };
}

function withLive(row: BatchRow | undefined, now: LiveBatch): BatchRow {
  const { id, status, name, total, completed, failed, created_at: createdAt } = now;
  return {
    ...{ id, status, name: name ?? row?.name ?? null, model: now.model ?? row?.model ?? null },
    ...{ total: Math.max(total, row?.total ?? 0), completed, failed, createdAt },
    isPaused: row?.isPaused ?? false,
    endsAt: isOver(status) ? null : now.expected_end_at,
    linesPerSecond: isOver(status) ? null : (row?.linesPerSecond ?? null),
  };
}

function modelWords({ model, muster }: Batch): string | null {
  if (model) return model;
  const { models = [] } = muster;
  return models.length > 1 ? `${models.length} models` : (models[0]?.model ?? null);
}

/** 0 to 1, of lines that are done either way. */
export function doneShare({
  total,
  completed,
  failed,
}: Pick<BatchRow, "total" | "completed" | "failed">): number {
  return total === 0 ? 0 : Math.min(1, (completed + failed) / total);
}

export interface TimelineStep {
  readonly word: string;
  /** Unix seconds; null: not yet. */
  readonly at: number | null;
  readonly mood: Mood;
}

/** What happened to a batch, and what is still to come. */
export function timelineOf(batch: Batch): readonly TimelineStep[] {
  const step = (word: string, at: number | null | undefined, mood: Mood = "good"): TimelineStep => ({
    ...{ word, at: at ?? null, mood },
  });
  const begun = [step("Created", batch.created_at), step("Running", batch.in_progress_at)];
  if (batch.failed_at) return [step("Created", batch.created_at), step("Refused", batch.failed_at, "bad")];
  const stopped = batch.cancelling_at ? [step("Cancelling", batch.cancelling_at, "quiet")] : [];
  const finishing = step("Finishing", batch.finalizing_at);
  return [
    ...begun.filter(({ at }) => at !== null || stopped.length === 0),
    ...stopped,
    finishing,
    lastStep(batch),
  ];
}

function lastStep(batch: Batch): TimelineStep {
  if (batch.expired_at) return { word: "Expired", at: batch.expired_at, mood: "bad" };
  if (batch.cancelled_at || batch.cancelling_at)
    return { word: "Cancelled", at: batch.cancelled_at ?? null, mood: "quiet" };
  return { word: "Done", at: batch.completed_at ?? null, mood: "good" };
}
