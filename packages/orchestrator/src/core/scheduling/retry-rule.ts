/** How an attempt ended without an answer. */
export type AttemptFailure = "worker_lost" | "given_back" | "engine_crashed" | "other";

export type RetryVerdict = { readonly kind: "retry" } | { readonly kind: "give-up"; readonly reason: string };

/** A request that has killed this many engines is taken for their killer. */
const maxCrashes = 2;
const maxAttempts = 4;
/** No office has so many owners that come back in the course of one request: something is wrong. */
const maxGivenBack = 32;

/**
 * Whether a request whose attempt failed may be tried on another worker. Never once a token has reached the client:
 * two attempts would be mixed in one answer. What a worker refused on its merits (`other`) fails the same elsewhere.
 */
export function retryVerdict(history: {
  readonly failures: readonly AttemptFailure[];
  readonly hasSentOutput: boolean;
}): RetryVerdict {
  const last = history.failures.at(-1);
  if (history.hasSentOutput) return { kind: "give-up", reason: "part of the answer had been sent" };
  if (last === undefined || last === "other")
    return { kind: "give-up", reason: "another worker would answer the same" };
  const crashes = history.failures.filter((failure) => failure === "engine_crashed").length;
  if (crashes >= maxCrashes)
    return { kind: "give-up", reason: `it ended with a crash on ${crashes} engines` };
  // Owners come back: that is nobody's fault, and does not count against the request.
  const lost = history.failures.filter((failure) => failure !== "given_back").length;
  if (lost >= maxAttempts) return { kind: "give-up", reason: `${lost} workers were lost over it` };
  const givenBack = history.failures.length - lost;
  if (givenBack >= maxGivenBack) return { kind: "give-up", reason: `${givenBack} workers gave it back` };
  return { kind: "retry" };
}
