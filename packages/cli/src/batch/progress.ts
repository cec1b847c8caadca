import type { Batch } from "@muster/sdk";

/** How far a batch is, and how fast. */
export interface Progress {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly cached: number;
  /** Undefined while nobody can tell. */
  readonly linesPerSecond: number | undefined;
  /** Of answers. */
  readonly tokensPerSecond: number | undefined;
  readonly leftMs: number | undefined;
}

interface Sample {
  readonly atMs: number;
  readonly lines: number;
  readonly tokens: number;
}

/** What lies further back says little of how fast it is now. */
const windowMs = 30_000;
/** Before this a rate would be a guess. */
const firstMs = 2_000;

/** Follows a batch. The server's forecast counts; until it makes one, what was seen here. */
export class ProgressMeter {
  #samples: Sample[] = [];

  /** `nowMs` never goes back, `wallMs` is the time of day. */
  add(batch: Batch, { nowMs, wallMs }: { readonly nowMs: number; readonly wallMs: number }): Progress {
    const { completed, failed, total, cached } = batch.muster.progress;
    const done = completed + failed;
    const counts = { total, done, failed, cached };
    const { forecast } = batch.muster;
    const seen = this.#rates({ atMs: nowMs, lines: done, tokens: batch.usage?.output_tokens ?? 0 });
    if (batch.status !== "in_progress" || batch.muster.paused) return { ...counts, ...unknown };
    if (forecast !== null && forecast.finish_at !== null) {
      return {
        ...counts,
        linesPerSecond: forecast.lines_per_second ?? undefined,
        tokensPerSecond: forecast.tokens_per_second ?? undefined,
        leftMs: Math.max(0, forecast.finish_at * 1_000 - wallMs),
      };
    }
    const { linesPerSecond } = seen;
    const leftMs = linesPerSecond ? ((total - done) / linesPerSecond) * 1_000 : undefined;
    return { ...counts, ...seen, leftMs };
  }

  #rates(sample: Sample): Pick<Progress, "linesPerSecond" | "tokensPerSecond"> {
    const last = this.#samples.at(-1);
    // After a rebuild there may be less done than before.
    if (last !== undefined && sample.lines < last.lines) this.#samples = [];
    this.#samples.push(sample);
    const isOld = (at: number) => (this.#samples[at]?.atMs ?? sample.atMs) < sample.atMs - windowMs;
    while (isOld(0)) this.#samples.shift();
    const first = this.#samples[0] ?? sample;
    const seconds = (sample.atMs - first.atMs) / 1_000;
    if (seconds * 1_000 < firstMs || sample.lines === first.lines) return unknown;
    return {
      linesPerSecond: (sample.lines - first.lines) / seconds,
      tokensPerSecond: (sample.tokens - first.tokens) / seconds,
    };
  }
}

const unknown = { linesPerSecond: undefined, tokensPerSecond: undefined, leftMs: undefined };
