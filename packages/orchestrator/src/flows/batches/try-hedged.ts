import type { Capability, Clock, Log } from "@muster/base";
import type { LineToken } from "../../core/batches/line-result.ts";
import type { LineFailure } from "../../core/batches/line-retry-rule.ts";
import type { LineRef } from "../../core/job.ts";
import type { Lane } from "../../core/lane.ts";
import type { CommitLedger } from "../../ports/commit-ledger.ts";
import type { Digest } from "../../ports/digest.ts";
import type { StartedLine } from "./answer-line.ts";
import { HedgedTries, type LineTry } from "./hedged-tries.ts";
import { lineIds } from "./line-body.ts";
import type { LineSpan } from "./line-span.ts";
import { Stop } from "./stop.ts";

/** A line that is being answered here. */
export interface RunningLine {
  readonly lane: Lane;
  readonly model: string;
  readonly ref: LineRef;
  /** Said when it is to be let go of. */
  readonly stop: Stop;
  /** What a replica must be able to do to take it. */
  needs: ReadonlySet<Capability>;
  readonly failures: LineFailure[];
  /** Set where it goes back to its lane: how long it stays out of it. */
  backAfterMs: number | undefined;
  /** Nothing of it has a slot yet. */
  isWaiting: boolean;
  /** Where it is tried, or was last; since when (monotonic). */
  tried: { readonly workerId: string; readonly sinceMs: number } | undefined;
  /** Begins another try beside the first. */
  hedge: (() => void) | undefined;
  hedges: number;
  /** Undefined where it is not traced. */
  span: LineSpan | undefined;
}

interface TryDeps {
  readonly ledger: CommitLedger;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly log: Log;
}

/** Tries a line; at the tail of a batch, when others are long done, on a second worker as well. */
export async function tryHedged(
  deps: TryDeps,
  running: RunningLine,
  of: {
    readonly started: StartedLine;
    readonly token: LineToken;
    readonly failures: readonly LineFailure[];
  },
): Promise<LineTry> {
  const { started, token, failures } = of;
  const stop = new Stop();
  const stopListening = running.stop.onSaid(() => stop.say());
  let isOver = false;
  const onSlot = (workerId: string | undefined) => {
    if (running.hedges > 0 || isOver) return;
    running.isWaiting = workerId === undefined;
    if (workerId !== undefined) running.tried = { workerId, sinceMs: deps.clock.nowMs() };
  };
  const begin = async (line: StartedLine, under: LineToken, known: readonly LineFailure[]) => {
    const outcome = await line.attempt(under, { stop, failures: known, onSlot });
    return { outcome, token: under };
  };
  running.tried = undefined;
  const hedged = new HedgedTries(begin(started, token, failures));
  running.hedge = () => {
    running.hedges += 1;
    running.hedge = undefined;
    hedged.add(
      secondTry(deps, running, hedged, (under, slow) => begin(started.again(), under, [...failures, slow])),
    );
  };
  try {
    return await hedged.result;
  } finally {
    isOver = true;
    stopListening();
    // The slower of two tries; to stop one is not cheap, so only where there are two.
    if (running.hedges > 0) stop.say();
    running.hedge = undefined;
    running.hedges = 0;
  }
}

async function secondTry(
  { ledger, log, digest }: TryDeps,
  { ref, tried }: RunningLine,
  hedged: HedgedTries,
  begin: (token: LineToken, slow: LineFailure) => Promise<LineTry>,
): Promise<LineTry> {
  const claim = await ledger.claim(ref.batchId, ref.line, ref.gen);
  if (claim.kind !== "claimed" || hedged.isSettled)
    return { token: { gen: ref.gen, epoch: 0 }, outcome: { kind: "failed", failure: { kind: "preempted" } } };
  log.info(lineIds(digest, ref), "a slow line is tried elsewhere as well");
  return begin(claim.token, { kind: "worker_lost", workerId: tried?.workerId ?? "" });
}
