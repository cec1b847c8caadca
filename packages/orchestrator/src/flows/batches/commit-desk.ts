import { Background, type Clock, type Log, MusterError } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import type { LineResult } from "../../core/batches/line-result.ts";
import { maxBodyBytes } from "../../core/batches/segment-record.ts";
import type { CommitLedger, Verdict } from "../../ports/commit-ledger.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { BatchCommits } from "./commit-desk-batch.ts";

export interface CommitDeskDeps {
  readonly store: ObjectStore;
  readonly ledger: CommitLedger;
  readonly digest: Digest;
  /** Names this process's logs: another for each start of it. */
  readonly writer: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each result that was not taken. */
  readonly onFenced?: (verdict: Exclude<Verdict, "ok">) => void;
}

/**
 * Makes results durable, then has the ledger decide. A result that got a verdict is in a segment; one that the ledger
 * took stays the line's answer, whatever fails later.
 */
export class CommitDesk {
  readonly #deps: CommitDeskDeps;
  readonly #batches = new Map<string, BatchCommits>();
  readonly #background: Background;
  #opened = 0;
  #isClosed = false;

  constructor(deps: CommitDeskDeps) {
    this.#deps = deps;
    this.#background = new Background(deps.log);
  }

  /**
   * Rejects with `store_full` and `store_unavailable` where no verdict was to be had: the result is to be brought again,
   * or its line run again. With `queue_full` where the store cannot keep up.
   */
  submit(batchId: string, result: LineResult): Promise<Verdict> {
    if (this.#isClosed)
      return Promise.reject(
        new MusterError("shutting_down", "No results are taken any more: we are stopping."),
      );
    if (result.body.length > maxBodyBytes)
      return Promise.reject(
        new MusterError("request_too_large", `The answer of a line has more than ${maxBodyBytes} bytes.`),
      );
    const { onFenced } = this.#deps;
    return this.#batch(batchId)
      .submit(result)
      .then((verdict) => {
        if (verdict !== "ok") onFenced?.(verdict);
        return verdict;
      });
  }

  /** Writes what is still to be written for a batch and closes its log. Never rejects. */
  async release(batchId: string): Promise<void> {
    const batch = this.#batches.get(batchId);
    this.#batches.delete(batchId);
    await batch?.close({ isHurried: false });
  }

  /** Takes nothing more. What waits for the ledger is not waited for. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const batches = [...this.#batches.values()];
    this.#batches.clear();
    await Promise.all(batches.map((batch) => batch.close({ isHurried: true })));
    await this.#background.idle();
  }

  #batch(batchId: string): BatchCommits {
    const found = this.#batches.get(batchId);
    if (found !== undefined) return found;
    this.#opened += 1;
    // A log is opened once under its name: whoever comes back to a batch writes another.
    const log = this.#deps.store.openLog(objectKeys.segment(batchId, `${this.#deps.writer}-${this.#opened}`));
    const onIdle = () => this.#background.run("close-idle-log", () => this.release(batchId));
    const batch = new BatchCommits(this.#deps, { batchId, log, onIdle });
    this.#batches.set(batchId, batch);
    return batch;
  }
}
