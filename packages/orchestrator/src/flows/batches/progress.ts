import type { Clock } from "@muster/base";
import { type Forecast, type ForecastSample, forecast } from "../../core/batches/forecast.ts";
import type { ExpectedHour } from "../../core/fleet/expected-slots.ts";
import type { LedgerTotals } from "../../ports/commit-ledger.ts";

const sampleMs = 2_000;
const maxSamples = 180;

/** How batches come on: a sample every two seconds, for as long as a forecast looks back. */
export class Progress {
  readonly #clock: Clock;
  readonly #samples = new Map<string, ForecastSample[]>();
  readonly #latest = new Map<string, LedgerTotals>();

  constructor(deps: { readonly clock: Clock }) {
    this.#clock = deps.clock;
  }

  note(batchId: string, totals: LedgerTotals): void {
    this.#latest.set(batchId, totals);
    const samples = this.#samples.get(batchId) ?? [];
    this.#samples.set(batchId, samples);
    const atMs = this.#clock.wallMs();
    const last = samples.at(-1);
    if (last !== undefined && atMs - last.atMs < sampleMs) return;
    samples.push({
      atMs,
      lines: totals.completed + totals.failed,
      tokens: totals.usage.completionTokens,
    });
    if (samples.length > maxSamples) samples.shift();
  }

  forget(batchId: string): void {
    this.#samples.delete(batchId);
    this.#latest.delete(batchId);
  }

  /** What was noted last. */
  latest(batchId: string): LedgerTotals | undefined {
    return this.#latest.get(batchId);
  }

  /** When the batch should be done. Undefined where it was never looked at. */
  forecast(
    batchId: string,
    remainingLines: number,
    hours: readonly ExpectedHour[] = [],
  ): Forecast | undefined {
    const samples = this.#samples.get(batchId);
    if (samples === undefined) return undefined;
    return forecast(samples, { remainingLines, hours, nowMs: this.#clock.wallMs() });
  }
}
