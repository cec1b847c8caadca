import type { GenerateUsage } from "@muster/base";
import { type ModelSum, modelSumOf } from "../../core/live/sample.ts";
import { bucketOf } from "../../core/live/sparse-counts.ts";
import { type Metrics, outcomeOfStatus, type RequestOutcome } from "../../ports/metrics.ts";

/** What went wrong here, not what a client asked for or left. */
const failures: readonly RequestOutcome[] = ["server_error", "timeout", "rejected"];

/** Counts what is asked and answered here, by model, from one look to the next. */
export class FlowMeter
  implements Pick<Metrics, "requestEnded" | "firstToken" | "tokensCame" | "tokensUsed" | "lineAnswered">
{
  #sums = new Map<string, ModelSum>();

  requestEnded({ model, outcome }: { readonly model: string; readonly outcome: RequestOutcome }): void {
    const sum = this.#of(model);
    sum.requests += 1;
    if (failures.includes(outcome)) sum.failures += 1;
  }

  firstToken(model: string, sinceAcceptedMs: number): void {
    const { firstTokens } = this.#of(model);
    const bucket = bucketOf(sinceAcceptedMs);
    firstTokens.set(bucket, (firstTokens.get(bucket) ?? 0) + 1);
  }

  tokensCame(model: string, tokens: number): void {
    this.#of(model).generatedTokens += tokens;
  }

  tokensUsed({ model }: { readonly model: string }, usage: GenerateUsage, toldTokens = 0): void {
    const sum = this.#of(model);
    sum.promptTokens += usage.promptTokens;
    sum.cachedTokens += usage.cachedTokens;
    sum.generatedTokens += Math.max(0, usage.completionTokens - toldTokens);
  }

  lineAnswered({ model, status }: { readonly model: string; readonly status: number }): void {
    const sum = this.#of(model);
    sum.requests += 1;
    if (failures.includes(outcomeOfStatus(status))) sum.failures += 1;
  }

  /** What was counted since the last time. */
  take(): ReadonlyMap<string, ModelSum> {
    const sums = this.#sums;
    this.#sums = new Map();
    return sums;
  }

  #of(model: string): ModelSum {
    return modelSumOf(this.#sums, model);
  }
}

/** Metrics that the meter hears of as well. */
export function alsoTo<Full extends Metrics>(metrics: Full, meter: FlowMeter): Full {
  return {
    ...metrics,
    requestEnded(request) {
      metrics.requestEnded(request);
      meter.requestEnded(request);
    },
    firstToken(model, sinceAcceptedMs) {
      metrics.firstToken(model, sinceAcceptedMs);
      meter.firstToken(model, sinceAcceptedMs);
    },
    tokensCame(model, tokens) {
      metrics.tokensCame(model, tokens);
      meter.tokensCame(model, tokens);
    },
    tokensUsed(asked, usage, toldTokens) {
      metrics.tokensUsed(asked, usage, toldTokens);
      meter.tokensUsed(asked, usage, toldTokens);
    },
    lineAnswered(line) {
      metrics.lineAnswered(line);
      meter.lineAnswered(line);
    },
  };
}
