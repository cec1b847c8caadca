import type { Batch } from "@muster/sdk";

/** A batch that runs, for a test to change. */
export function batchNamed(
  id: string,
  changes: Partial<Omit<Batch, "muster">> & { readonly muster?: Partial<Batch["muster"]> } = {},
): Batch {
  const { muster, ...rest } = changes;
  const progress = { total: 10, completed: 4, failed: 1, cached: 0 };
  return {
    id,
    object: "batch",
    endpoint: "/v1/chat/completions",
    model: "tiny",
    status: "in_progress",
    errors: null,
    input_file_id: "file-1",
    completion_window: "24h",
    output_file_id: null,
    error_file_id: null,
    created_at: 1_750_000_000,
    in_progress_at: 1_750_000_001,
    expires_at: 1_750_086_400,
    request_counts: { total: progress.total, completed: progress.completed, failed: progress.failed },
    usage: { input_tokens: 40, output_tokens: 20, total_tokens: 60 },
    metadata: null,
    muster: {
      priority: "normal",
      paused: false,
      waits_for: null,
      progress,
      forecast: null,
      provenance_file_id: null,
      result_cache: false,
      ...muster,
    },
    ...rest,
  };
}
