import type { LineToken } from "../../core/batches/line-result.ts";
import type { Replica } from "../../core/fleet/worker.ts";
import type { AnswerSource } from "../../core/job.ts";

/** Where one part of an answer was worked out. */
export interface LineOrigin {
  readonly source: AnswerSource;
  readonly replica: Replica | undefined;
  /** Unix time. */
  readonly startedAtMs: number;
}

/** Where an answer came from, as JSON. Times are Unix seconds, with fractions. */
export function provenanceOf(of: {
  readonly origins: readonly LineOrigin[];
  readonly seed: number;
  readonly token: LineToken;
  readonly finishedAtMs: number;
}): string {
  const [first] = of.origins;
  return JSON.stringify({
    workers: [...new Set(of.origins.map(({ source }) => source.workerName))],
    worker_ids: [...new Set(of.origins.map(({ source }) => source.workerId))],
    model: first?.source.model ?? null,
    variant: first?.source.variant ?? null,
    model_sha256: first?.replica?.modelSha256 ?? null,
    engine: first?.replica?.engine ?? null,
    engine_version: first?.replica?.engineVersion ?? null,
    backend: first?.replica?.backend ?? null,
    seed: of.seed,
    attempts: of.token.epoch,
    generation: of.token.gen,
    started_at: first === undefined ? null : first.startedAtMs / 1000,
    finished_at: of.finishedAtMs / 1000,
  });
}
