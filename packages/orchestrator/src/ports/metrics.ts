import type { GenerateUsage } from "@muster/base";
import type { LaneClass } from "../core/lane.ts";
import type { QuotaLimit } from "./quota.ts";

export type RequestOutcome = "ok" | "client_error" | "server_error" | "cancelled" | "timeout" | "rejected";

export type LineMetric = "completed" | "failed" | "cached";

/** What is counted and timed. Names, labels and buckets are the adapter's. */
export interface Metrics {
  requestEnded(request: {
    readonly model: string;
    readonly endpoint: string;
    readonly outcome: RequestOutcome;
    readonly durationMs: number;
  }): void;
  queueWaited(model: string, laneClass: LaneClass, waitMs: number): void;
  firstToken(model: string, sinceAcceptedMs: number): void;
  /** Time between two pieces that reached the client, spread over the tokens of the second. */
  interToken(model: string, perTokenMs: number): void;
  /** Tokens of an answer that is under way have come home. */
  tokensCame(model: string, tokens: number): void;
  /** @param toldTokens of those that were generated, so many have come before */
  tokensUsed(model: string, usage: GenerateUsage, toldTokens?: number): void;
  attemptEnded(model: string, result: string): void;
  retried(reason: string): void;
  /** Placement has ordered a model, or sent one away. */
  placed(action: "load" | "unload" | "retire"): void;
  /** A worker's owner needed the machine: the attempt is made elsewhere. */
  givenBack(laneClass: LaneClass): void;
  /** A line of a batch has its answer; `cached`: without running it. */
  lineAnswered(model: string, outcome: LineMetric): void;
  /** A limit of a key has kept something out. */
  quotaRefused(limit: QuotaLimit): void;
}
