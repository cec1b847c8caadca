import type { GenerateUsage, InferenceEnd } from "@muster/base";
import type { LaneClass } from "../core/lane.ts";
import type { Verdict } from "./commit-ledger.ts";
import type { QuotaLimit } from "./quota.ts";

export type RequestOutcome = "ok" | "client_error" | "server_error" | "cancelled" | "timeout" | "rejected";

/** Of requests and lines, by the HTTP status of their answer. */
export function outcomeOfStatus(status: number): RequestOutcome {
  if (status < 400) return "ok";
  if (status === 429) return "rejected";
  return status < 500 ? "client_error" : "server_error";
}

/** Who asked for which model. */
export interface AskedFor {
  readonly model: string;
  readonly tenant: string;
}

/** Why a result of a line was not taken; `unassigned`: its worker was never given the line. */
export type FencedReason = Exclude<Verdict, "ok"> | "unassigned";

/** What is counted and timed. Names, labels and buckets are those of core/metrics/definitions.ts. */
export interface Metrics {
  requestEnded(
    request: AskedFor & {
      readonly endpoint: string;
      readonly laneClass: LaneClass;
      readonly outcome: RequestOutcome;
      readonly durationMs: number;
    },
  ): void;
  queueWaited(model: string, laneClass: LaneClass, waitMs: number): void;
  firstToken(model: string, sinceAcceptedMs: number): void;
  /** Time between two pieces that reached the client, spread over the tokens of the second. */
  interToken(model: string, perTokenMs: number, tokens: number): void;
  /** Of one answer: a choice of a request, or a line. */
  tokensUsed(asked: AskedFor, usage: GenerateUsage): void;
  attemptEnded(model: string, result: string): void;
  /** An attempt has given its answer: how fast its worker was, and why it ended. */
  attemptAnswered(model: string, end: Pick<InferenceEnd, "reason" | "usage" | "timings">): void;
  retried(reason: string): void;
  /** Placement has ordered a model, or sent one away. */
  placed(action: "load" | "unload" | "retire"): void;
  /** A worker's owner needed the machine: the attempt is made elsewhere. */
  givenBack(laneClass: LaneClass): void;
  /** A line of a batch has its answer, of this HTTP status; `isCached`: without running it. */
  lineAnswered(
    line: AskedFor & { readonly endpoint: string; readonly status: number; readonly isCached: boolean },
  ): void;
  /** The ledger has not taken a result. */
  resultFenced(reason: FencedReason): void;
  /** A batch is over. */
  batchEnded(state: string, durationMs: number): void;
  /** A limit of a key has kept something out. */
  quotaRefused(limit: QuotaLimit): void;
  /** A replica has become ready, `loadMs` after the order, or could not be loaded. */
  loadEnded(model: string, result: "ok" | "failed", loadMs: number): void;
  /** Somebody has asked for a model that nobody served. */
  coldStarted(model: string): void;
}
