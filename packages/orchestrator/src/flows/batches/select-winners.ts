import { type Log, MusterError } from "@muster/base";
import type { PiecePointer, ResultRecord } from "../../core/batches/segment-record.ts";
import { hasSha256 } from "../../core/batches/segment-record.ts";
import { WinnerSelection } from "../../core/batches/winners-selection.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { lineIds } from "./line-body.ts";
import { ResultReader } from "./result-reader.ts";
import { scanSegments } from "./segment-scan.ts";
import { latestSnapshot } from "./winners-store.ts";

export interface WinnerDeps {
  readonly store: ObjectStore;
  readonly digest: Digest;
  readonly log: Log;
}

export interface WinnerQuery {
  readonly batchId: string;
  readonly lines: number;
  /** What the ledger holds beyond what the segments say. */
  readonly held: readonly { readonly line: number; readonly pointer: PiecePointer }[];
  /** What becomes of a line whose answer's record is damaged or gone. */
  readonly onDamage: "throw" | "run-again";
}

const firstGeneration = 1;

/**
 * Finds each line's answer from what is durable. Every answer that a ledger ever took has its record in a segment, so
 * none is missing, whatever has become of the ledger.
 */
export async function selectWinners(deps: WinnerDeps, query: WinnerQuery): Promise<WinnerSelection> {
  const { batchId, lines, held } = query;
  const snapshot = await latestSnapshot(deps, batchId);
  const gen = snapshot?.gen ?? firstGeneration;
  const selection = new WinnerSelection(lines, snapshot?.index);
  for (const { line, pointer } of held) selection.claim("held", line, pointer);
  for await (const { piece, records } of scanSegments(deps, batchId)) {
    for (const record of records) {
      if (record.kind === "result") offer(deps, query, { selection, record, piece });
      // What an older generation took after this one had begun counts for nothing.
      else if (record.token.gen === gen)
        selection.claim("committed", record.line, record.pointer, record.token);
    }
  }
  await confirmRest(deps, query, selection);
  return selection;
}

function offer(
  { digest, log }: WinnerDeps,
  { batchId }: WinnerQuery,
  found: { readonly selection: WinnerSelection; readonly record: ResultRecord; readonly piece: string },
): void {
  const { selection, record, piece } = found;
  const { line, offset, length } = record;
  if (hasSha256(record, digest(record.body))) selection.offer(record, { piece, offset, length });
  else log.error({ ...lineIds(digest, { batchId, line }), piece, offset }, "result record is damaged");
}

/** Looks up the answers whose records did not come by: they lost to another before they were claimed, or are damaged. */
async function confirmRest(
  deps: WinnerDeps,
  { batchId, onDamage }: WinnerQuery,
  selection: WinnerSelection,
): Promise<void> {
  const reader = new ResultReader(deps, batchId);
  for (const line of selection.unconfirmed()) {
    const pointer = selection.index.get(line)?.pointer;
    if (pointer === undefined) continue;
    try {
      selection.offer(await reader.read(line, pointer), pointer);
    } catch (error) {
      const { code, message } = MusterError.from(error);
      if (onDamage === "throw" || code !== "internal") throw error;
      const ids = lineIds(deps.digest, { batchId, line });
      deps.log.error({ ...ids, error: message }, "answer lost, line is run again");
      selection.drop(line);
    }
  }
}
