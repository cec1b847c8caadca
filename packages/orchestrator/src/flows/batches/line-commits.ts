import { type BackoffPolicy, backoffMs, type Clock, type Log, MusterError } from "@muster/base";
import type { LineResult } from "../../core/batches/line-result.ts";
import type { LineRef } from "../../core/job.ts";
import type { Claim, CommitLedger, Verdict } from "../../ports/commit-ledger.ts";
import type { Digest } from "../../ports/digest.ts";
import type { CommitDesk } from "./commit-desk.ts";
import { lineIds } from "./line-body.ts";
import type { Stop } from "./stop.ts";

/** How long a store that is away is waited for before it is asked again. */
const storeRetry: BackoffPolicy = { baseMs: 200, maxMs: 5_000 };

interface LineCommitsDeps {
  readonly ledger: CommitLedger;
  readonly desk: CommitDesk;
  readonly digest: Digest;
  readonly clock: Clock;
  readonly log: Log;
}

/** Claims and commits of lines that outlast a store which is away or full: nothing is lost meanwhile. */
export class LineCommits {
  readonly #deps: LineCommitsDeps;

  constructor(deps: LineCommitsDeps) {
    this.#deps = deps;
  }

  /** Asks until the ledger answers. Undefined when the line is to be let go of meanwhile. */
  async claim(ref: LineRef, stop: Stop): Promise<Claim | undefined> {
    for (let tries = 0; ; tries++) {
      if (stop.isSaid) return undefined;
      try {
        return await this.#deps.ledger.claim(ref.batchId, ref.line, ref.gen);
      } catch {
        await this.pause(retryMs(tries), stop);
      }
    }
  }

  /**
   * Brings a result into the ledger; a store that is full or away holds it here until there is room, and with it the
   * place in the lane. Rejects when the line is to be let go of meanwhile.
   */
  async commit(batchId: string, result: LineResult, stop: Stop): Promise<Verdict> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#deps.desk.submit(batchId, result);
      } catch (error) {
        const { code } = MusterError.from(error);
        const mayPass = code === "store_full" || code === "store_unavailable" || code === "queue_full";
        if (!mayPass || stop.isSaid) throw error;
        const waitMs = retryMs(tries);
        const { log, digest } = this.#deps;
        const ids = lineIds(digest, { batchId, line: result.line });
        log.warn({ ...ids, code, waitMs }, "result not written yet");
        await this.pause(retryMs(tries), stop);
      }
    }
  }

  /** Resolves after a while, or at once when it is said to stop. */
  pause(ms: number, stop: Stop): Promise<void> {
    if (ms === 0 || stop.isSaid) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        stopTimer();
        stopListening();
        resolve();
      };
      const stopTimer = this.#deps.clock.after(ms, done);
      const stopListening = stop.onSaid(done);
    });
  }
}

/** Without jitter: lines of one orchestrator wait for one store, which groups what comes together. */
function retryMs(tries: number): number {
  return backoffMs(storeRetry, tries, () => 1);
}
