import type { Log } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import { lineEntryBytes, readLineEntries } from "../../core/batches/line-index.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { StrayEnd } from "../attempt-table.ts";
import type { LineRunner } from "./line-runner.ts";
import { parsePartName } from "./part-name.ts";

/**
 * Takes up results that a worker has finished for an orchestrator that is gone, or for us before we lost the worker.
 * The ledger knows whether they still count. A line of several parts is begun anew: its other parts are lost.
 */
export class LateResults {
  readonly #store: ObjectStore;
  readonly #lines: LineRunner;
  readonly #log: Log;

  constructor(deps: { readonly store: ObjectStore; readonly lines: LineRunner; readonly log: Log }) {
    this.#store = deps.store;
    this.#lines = deps.lines;
    this.#log = deps.log;
  }

  /** The worker keeps its result until it is acknowledged, and says it again on its next link. */
  async take({ workerId, workerName, attemptId, epoch, report, acknowledge }: StrayEnd): Promise<void> {
    const name = parsePartName(attemptId);
    if (name === undefined || name.parts !== 1 || report.kind !== "finished") return acknowledge();
    const { batchId, line, gen } = name;
    try {
      const range = { offset: line * lineEntryBytes, length: lineEntryBytes };
      const bytes = await this.#store.get(objectKeys.lineIndex(batchId), range);
      const [entry] = readLineEntries(bytes ?? new Uint8Array());
      if (entry !== undefined) {
        const { deltas, ...end } = report;
        const source = { workerId, workerName, epoch };
        const whole = { end: { ...end, kind: "end" as const, source }, deltas: deltas ?? [] };
        await this.#lines.late({ ...entry, batchId, line, gen, round: 0 }, { gen, epoch }, whole);
      }
      acknowledge();
    } catch (error) {
      this.#log.warn({ batchId, line, error: String(error) }, "late result not taken");
    }
  }
}
