import type { BatchRecord } from "../../core/batches/batch.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { BatchStore } from "../batches/batch-store.ts";
import type { IngestOutcome } from "../batches/ingest.ts";
import { firstFound } from "../batches/listing.ts";
import type { TenantQuota } from "./tenant-quota.ts";

/** Takes the lines of a batch that is good; one that is beyond its limit is not. Throws `store_unavailable`. */
export async function holdLines(
  deps: { readonly lines: TenantQuota; readonly metrics: Pick<Metrics, "quotaRefused"> },
  record: BatchRecord,
  outcome: IngestOutcome,
): Promise<IngestOutcome> {
  if (outcome.kind !== "validated") return outcome;
  const { tenant, id: name, payer } = record;
  const limit = payer?.limits.batchLines;
  const answer = await deps.lines.claim({ tenant, name }, outcome.lines, limit);
  if (answer.kind === "claimed") return outcome;
  deps.metrics.quotaRefused("batch_lines");
  const message = `The batch has ${outcome.lines} lines, and ${answer.others} lines of other batches are queued already: the key "${payer?.keyName}" may have ${limit} queued at once. Create the batch again when others are over, or split it into smaller ones.`;
  const error = { code: "batch_lines_quota_exceeded", message, param: undefined, line: undefined };
  return { kind: "failed", errors: [error], errorCount: 1 };
}

/** The lines of a tenant's batches that are still to be run or committed, by batch. */
export async function linesOfTenant(
  batches: Pick<BatchStore, "active" | "load">,
  tenant: string,
): Promise<ReadonlyMap<string, number>> {
  const ids = await batches.active();
  const { found } = await firstFound(ids, ids.length, (id) => batches.load(id));
  return new Map(
    found.flatMap(({ record, events: { validated, finalizing } }) =>
      record.tenant === tenant && validated !== undefined && finalizing === undefined
        ? [[record.id, validated.lines] as const]
        : [],
    ),
  );
}
