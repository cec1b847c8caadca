import type { Clock } from "@muster/base";
import { type BatchState, batchState } from "../../core/batches/batch.ts";
import type { BatchView } from "../../ports/batches.ts";
import type { ActiveBatch, ActiveBatches } from "../batches/active-batches.ts";
import type { BatchDesk } from "../batches/batch-desk.ts";

/** A batch that is over stays to be seen for so long. */
const keepEndedMs = 600_000;
/** The newest of those that are not over; and of those that are. */
const most = { active: 500, ended: 100 } as const;

/** A batch as lists show it. */
export interface BatchRow {
  readonly id: string;
  readonly tenant: string;
  readonly status: BatchState;
  readonly model: string | undefined;
  /** As its creator called it. */
  readonly name: string | undefined;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly createdAtMs: number;
  readonly expectedEndAtMs: number | undefined;
}

interface Ended {
  readonly row: BatchRow;
  readonly sinceMs: number;
}

interface BatchRowsDeps {
  readonly active: Pick<ActiveBatches, "all">;
  readonly desk: Pick<BatchDesk, "look" | "view">;
  readonly clock: Clock;
}

/** The batches that are not over, with how far they are, and those that have ended while somebody looked. */
export class BatchRows {
  readonly #deps: BatchRowsDeps;
  #seen = new Map<string, string>();
  readonly #ended = new Map<string, Ended>();

  constructor(deps: BatchRowsDeps) {
    this.#deps = deps;
  }

  async rows(): Promise<readonly BatchRow[]> {
    const { active, desk } = this.#deps;
    const batches = active.all().slice(-most.active);
    const rows = await Promise.all(
      batches.map(async (batch) => rowOf({ ...batch, ...(await desk.look(batch)) })),
    );
    await this.#noteEnded(batches);
    return [...rows, ...Array.from(this.#ended.values(), ({ row }) => row)];
  }

  async #noteEnded(batches: readonly ActiveBatch[]): Promise<void> {
    const { desk, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const seen = new Map(batches.map(({ record }) => [record.id, record.tenant]));
    for (const [id, tenant] of this.#seen) {
      if (seen.has(id)) continue;
      // It may have been deleted, or the store may be away.
      const view = await desk.view(tenant, id).catch(() => undefined);
      if (view !== undefined) this.#ended.set(id, { row: rowOf(view), sinceMs: nowMs });
    }
    this.#seen = seen;
    for (const [id, { sinceMs }] of this.#ended)
      if (seen.has(id) || nowMs - sinceMs > keepEndedMs || this.#ended.size > most.ended)
        this.#ended.delete(id);
  }
}

function rowOf({
  record,
  events,
  counts,
  forecast,
}: Pick<BatchView, "record" | "events" | "counts" | "forecast">): BatchRow {
  const models = events.validated?.models ?? [];
  return {
    id: record.id,
    tenant: record.tenant,
    status: batchState(events),
    model: models.length === 1 ? models[0]?.model : undefined,
    name: record.metadata?.["name"],
    ...{ total: counts.total, completed: counts.completed, failed: counts.failed },
    createdAtMs: record.createdAtMs,
    expectedEndAtMs: forecast?.finishAtMs,
  };
}
