import { type BackoffPolicy, backoffMs, type ErrorCode } from "@muster/base";

/**
 * How a try of a line ended without an answer. `refused`: on its merits, and would be elsewhere. `transient`: the
 * worker could not, and may be able to later. `preempted`: it gave way to somebody who waits.
 */
export type LineFailureKind = "worker_lost" | "engine_crashed" | "refused" | "transient" | "preempted";

export interface LineFailure {
  readonly kind: LineFailureKind;
  readonly workerId?: string;
  /** As the worker has it. */
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly param?: string;
}

export type LineVerdict =
  | { readonly kind: "retry"; readonly afterMs: number }
  | {
      readonly kind: "answer-with-error";
      readonly code: ErrorCode;
      readonly message: string;
      readonly param?: string;
    }
  /** There is no time left, and nothing to say against the line: it stays undone until its batch expires. */
  | { readonly kind: "leave" };

/** A line that has crashed engines on this many workers, or this often on one, is taken for their killer. */
const maxCrashedWorkers = 2;
const maxCrashes = 3;
const maxTransientTries = 4;
const transientBackoff: BackoffPolicy = { baseMs: 1_000, maxMs: 60_000 };
/** A line that so many workers were lost over is no longer their bad luck. */
const maxLost = 32;
/** One that has given way this often comes back more slowly each time. */
const freePreemptions = 8;
const preemptedBackoff: BackoffPolicy = { baseMs: 250, maxMs: 30_000 };

/**
 * What becomes of a line after all these failures, the latest last. Its answer is an error once there is something to
 * say against it; being preempted never is.
 */
export function lineVerdict(
  failures: readonly LineFailure[],
  at: {
    /** Both in Unix time. */
    readonly nowMs: number;
    readonly deadlineMs: number;
    /** A uniform draw from [0, 1). */
    readonly random: number;
  },
): LineVerdict {
  const last = failures.at(-1);
  if (last === undefined) return { kind: "retry", afterMs: 0 };
  const ofKind = failures.filter(({ kind }) => kind === last.kind);
  switch (last.kind) {
    case "refused":
      return answerWith(last, "invalid_request", "The worker refused this line.");
    case "engine_crashed":
      return isPoison(ofKind) ? poisonous(ofKind) : retryIn(0, at);
    case "transient": {
      if (ofKind.length < maxTransientTries)
        return retryIn(jittered(transientBackoff, ofKind.length - 1, at.random), at, last);
      return answerWith(last, "engine_failed", "The engine failed.", ` It was tried ${ofKind.length} times.`);
    }
    case "worker_lost":
      if (ofKind.length < maxLost) return retryIn(0, at);
      return {
        kind: "answer-with-error",
        code: "worker_lost",
        message: `${ofKind.length} workers were lost while they ran this line; it is not tried again.`,
      };
    case "preempted":
      return retryIn(
        ofKind.length <= freePreemptions
          ? 0
          : jittered(preemptedBackoff, ofKind.length - freePreemptions - 1, at.random),
        at,
      );
    default:
      return last.kind satisfies never;
  }
}

/** From half of the delay to all of it: never at once, and never in step. */
function jittered(policy: BackoffPolicy, attempt: number, random: number): number {
  const wholeMs = backoffMs(policy, attempt, () => 1);
  return wholeMs / 2 + (random * wholeMs) / 2;
}

function retryIn(
  afterMs: number,
  at: { readonly nowMs: number; readonly deadlineMs: number },
  failure?: LineFailure,
): LineVerdict {
  if (at.nowMs + afterMs < at.deadlineMs) return { kind: "retry", afterMs };
  if (failure === undefined) return { kind: "leave" };
  return answerWith(failure, "engine_failed", "The engine failed.", " There was no time for another try.");
}

function isPoison(crashes: readonly LineFailure[]): boolean {
  return crashes.length >= maxCrashes || workersOf(crashes) >= maxCrashedWorkers;
}

function workersOf(failures: readonly LineFailure[]): number {
  return new Set(failures.flatMap(({ workerId }) => (workerId === undefined ? [] : [workerId]))).size;
}

function poisonous(crashes: readonly LineFailure[]): LineVerdict {
  const workers = workersOf(crashes);
  const where =
    workers > 1 ? `on ${workers} workers` : `${crashes.length} times${workers === 1 ? " on one worker" : ""}`;
  return {
    kind: "answer-with-error",
    code: "engine_crashed",
    message: `The engine crashed over this line ${where}; it is not tried again.`,
  };
}

function answerWith(
  { code, message, param }: LineFailure,
  otherwise: ErrorCode,
  words: string,
  more = "",
): LineVerdict {
  return {
    kind: "answer-with-error",
    code: code ?? otherwise,
    message: `${message ?? words}${more}`,
    ...(param === undefined ? {} : { param }),
  };
}

/** What each code says of the line that it came for. */
const kindOfCode: Readonly<Record<ErrorCode, LineFailureKind>> = {
  invalid_request: "refused",
  invalid_json: "refused",
  unauthenticated: "refused",
  forbidden: "refused",
  not_found: "refused",
  model_not_found: "refused",
  request_too_large: "refused",
  context_length_exceeded: "refused",
  unsupported: "refused",
  engine_crashed: "engine_crashed",
  worker_lost: "worker_lost",
  shutting_down: "worker_lost",
  cancelled: "preempted",
  given_back: "preempted",
  deadline_exceeded: "transient",
  insufficient_capacity: "transient",
  queue_timeout: "transient",
  queue_full: "transient",
  rate_limited: "transient",
  quota_exceeded: "refused",
  engine_failed: "transient",
  model_load_failed: "transient",
  store_unavailable: "transient",
  store_full: "transient",
  not_ready: "transient",
  // Of one worker, and an old one: another may understand.
  protocol_mismatch: "transient",
  internal: "transient",
};

/** A failure as a worker reports it. */
export function failureOfCode(
  code: ErrorCode,
  { message, param }: { readonly message: string; readonly param?: string },
  workerId: string,
): LineFailure {
  return { kind: kindOfCode[code], code, message, workerId, ...(param === undefined ? {} : { param }) };
}
