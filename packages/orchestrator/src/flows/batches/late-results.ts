import type { Clock, Log } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import { lineEntryBytes, readLineEntries } from "../../core/batches/line-index.ts";
import type { AuditTrail } from "../../ports/audit-trail.ts";
import type { LineTickets } from "../../ports/line-tickets.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { StrayEnd } from "../attempt-table.ts";
import type { LineRunner } from "./line-runner.ts";
import { parsePartName } from "./part-name.ts";

interface LateResultsDeps {
  readonly store: ObjectStore;
  readonly lines: Pick<LineRunner, "late">;
  readonly tickets: LineTickets;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each result of a line that its worker was not given. */
  readonly onUnassigned?: () => void;
}

/** A worker that goes on forging is told of once in this time, with how often. */
const auditEveryMs = 60_000;
/** Workers whose forgeries are counted at one time. */
const maxForgers = 1_000;

/**
 * Takes up results that a worker has finished for an orchestrator that is gone, or for us before we lost the worker.
 * Only whoever was assigned a line may answer it, and the ledger knows whether that still counts. A line of several
 * parts is begun anew: its other parts are lost.
 */
export class LateResults {
  readonly #deps: LateResultsDeps;
  readonly #forgers = new Map<string, { sinceMs: number; unsaid: number }>();

  constructor(deps: LateResultsDeps) {
    this.#deps = deps;
  }

  /** The worker keeps its result until it is acknowledged, and says it again on its next link. */
  async take(stray: StrayEnd): Promise<void> {
    const { workerId, workerName, attemptId, epoch, report, acknowledge } = stray;
    const name = parsePartName(attemptId);
    if (name === undefined) return acknowledge();
    if (!this.#deps.tickets.isGenuine(stray.ticket, stray)) {
      this.#refuse(stray);
      return acknowledge();
    }
    if (name.parts !== 1 || report.kind !== "finished") return acknowledge();
    const { batchId, line, gen } = name;
    const { store, lines, log } = this.#deps;
    try {
      const range = { offset: line * lineEntryBytes, length: lineEntryBytes };
      const bytes = await store.get(objectKeys.lineIndex(batchId), range);
      const [entry] = readLineEntries(bytes ?? new Uint8Array());
      if (entry !== undefined) {
        const { deltas, ...end } = report;
        const source = { workerId, workerName, epoch };
        const whole = { end: { ...end, kind: "end" as const, source }, deltas: deltas ?? [] };
        await lines.late({ ...entry, batchId, line, gen, round: 0 }, { gen, epoch }, whole);
      }
      acknowledge();
    } catch (error) {
      log.warn({ batchId, line, error: String(error) }, "late result not taken");
    }
  }

  /** Acknowledged all the same: a worker that means no harm, and is too old for tickets, need not say it again. */
  #refuse({ workerId, attemptId, epoch, ticket }: StrayEnd): void {
    const { audit, clock, log } = this.#deps;
    const verdict = "fenced";
    const why = ticket === "" ? "it has no ticket" : "its ticket is not for this worker and line";
    log.warn({ workerId, attemptId, epoch, verdict, why }, "a result was refused: its line was not assigned");
    this.#deps.onUnassigned?.();
    const nowMs = clock.nowMs();
    const known = this.#forgers.get(workerId);
    if (known !== undefined && nowMs - known.sinceMs < auditEveryMs) {
      known.unsaid += 1;
      return;
    }
    const [oldest] = this.#forgers.keys();
    if (known === undefined && this.#forgers.size >= maxForgers && oldest !== undefined)
      this.#forgers.delete(oldest);
    this.#forgers.set(workerId, { sinceMs: nowMs, unsaid: 0 });
    const unsaid = known?.unsaid ?? 0;
    audit.record({
      action: "commit.refuse",
      actor: `worker:${workerId}`,
      target: attemptId,
      details: { epoch, verdict, why, ...(unsaid === 0 ? {} : { moreBefore: unsaid }) },
    });
  }
}
