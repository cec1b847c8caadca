import { silentLog } from "@muster/base";
import type { CommitRecord, PiecePointer } from "../../core/batches/segment-record.ts";
import type { WinnerIndex } from "../../core/batches/winners.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { ResultReader } from "./result-reader.ts";
import { readCursor, type TailPosition, writeCursor } from "./results-tail-cursor.ts";
import { listPieces, scanPiece } from "./segment-scan.ts";
import { latestSnapshot, readFinal, type Snapshot } from "./winners-store.ts";

interface Deps {
  readonly store: ObjectStore;
  readonly digest: Digest;
}

interface TailQuery {
  readonly batchId: string;
  /** From the call before; undefined: from the beginning. */
  readonly cursor?: string | undefined;
  /** Lines are given until they have as many bytes; one at least. */
  readonly maxBytes: number;
}

export interface TailPage {
  /** As they stand in the output and error files, without line ends. */
  readonly lines: readonly Uint8Array[];
  readonly cursor: string;
}

const firstGeneration = 1;

/**
 * The lines answered since `cursor`, in the order of their commits within each log; nothing where there are none yet.
 * Each answer comes, at the latest when the batch is sealed. One may come twice: after the ledger was rebuilt, or after
 * an orchestrator was lost.
 */
export async function tailResults(deps: Deps, query: TailQuery): Promise<TailPage> {
  // In this order: what an index does not call late has a commit record that the walk then finds.
  const final = await readFinal(deps, query.batchId);
  const snapshot = await latestSnapshot(deps, query.batchId);
  const tail = new ResultsTail(deps, query, { final, snapshot });
  await tail.walkLogs();
  await tail.lateOfSnapshot();
  await tail.lateOfFinal();
  return tail.page();
}

class ResultsTail {
  readonly #deps: Deps;
  readonly #query: TailQuery;
  readonly #final: WinnerIndex | undefined;
  readonly #snapshot: Snapshot | undefined;
  readonly #gen: number;
  readonly #reader: ResultReader;
  readonly #lines: Uint8Array[] = [];
  #bytes = 0;
  /** Where in each log to go on, by its name; then the lines of the snapshot and of the final index. */
  readonly #logs: Map<string, { piece: string; offset: number }>;
  #snapshotLine: number;
  #finalLine: number;

  constructor(
    deps: Deps,
    query: TailQuery,
    indexes: { readonly final: WinnerIndex | undefined; readonly snapshot: Snapshot | undefined },
  ) {
    this.#deps = deps;
    this.#query = query;
    this.#final = indexes.final;
    this.#snapshot = indexes.snapshot;
    this.#gen = indexes.snapshot?.gen ?? firstGeneration;
    this.#reader = new ResultReader(deps, query.batchId);
    const from: TailPosition | undefined = query.cursor === undefined ? undefined : readCursor(query.cursor);
    this.#logs = new Map(from?.logs.map(([log, piece, offset]) => [log, { piece, offset }]));
    this.#snapshotLine = from?.gen === this.#gen ? from.snapshotLine : 0;
    this.#finalLine = from?.finalLine ?? 0;
  }

  get #isFull(): boolean {
    return this.#lines.length > 0 && this.#bytes >= this.#query.maxBytes;
  }

  async walkLogs(): Promise<void> {
    for await (const { piece, bytes } of listPieces(this.#deps.store, this.#query.batchId)) {
      const log = piece.slice(0, piece.lastIndexOf("/"));
      const seen = this.#logs.get(log);
      if (seen !== undefined && piece < seen.piece) continue;
      const offset = seen?.piece === piece ? seen.offset : 0;
      if (bytes > offset) await this.#walkPiece(log, piece, offset);
      if (this.#isFull) return;
    }
  }

  async #walkPiece(log: string, piece: string, offset: number): Promise<void> {
    const { store } = this.#deps;
    const { batchId } = this.#query;
    const from = { batchId, piece, offset, wants: "commits" } as const;
    for await (const { records, endOffset } of scanPiece({ store, log: silentLog }, from)) {
      for (const record of records) {
        if (record.kind !== "commit") continue;
        if (this.#counts(record)) await this.#give(record.line, record.pointer);
        this.#logs.set(log, { piece, offset: record.offset + record.length });
        if (this.#isFull) return;
      }
      this.#logs.set(log, { piece, offset: endOffset });
    }
  }

  /** Whether this commit made the line's answer: a rebuild may have seen it too late, and taken another. */
  #counts({ line, token, pointer }: CommitRecord): boolean {
    const index = this.#snapshot?.index;
    return index?.has(line) ? index.isAt(line, pointer) : token.gen === this.#gen;
  }

  async lateOfSnapshot(): Promise<void> {
    const index = this.#snapshot?.index;
    if (index === undefined) return;
    for (; this.#snapshotLine < index.lines && !this.#isFull; this.#snapshotLine++)
      if (index.isLate(this.#snapshotLine)) await this.#giveOf(index, this.#snapshotLine);
  }

  async lateOfFinal(): Promise<void> {
    const index = this.#final;
    if (index === undefined) return;
    for (; this.#finalLine < index.lines && !this.#isFull; this.#finalLine++) {
      const isGiven = this.#snapshot?.index.has(this.#finalLine) === true;
      if (!isGiven && index.isLate(this.#finalLine)) await this.#giveOf(index, this.#finalLine);
    }
  }

  async #giveOf(index: WinnerIndex, line: number): Promise<void> {
    const winner = index.get(line);
    if (winner !== undefined) await this.#give(line, winner.pointer);
  }

  async #give(line: number, pointer: PiecePointer): Promise<void> {
    const { body } = await this.#reader.read(line, pointer);
    this.#lines.push(body);
    this.#bytes += body.length;
  }

  page(): TailPage {
    const logs = [...this.#logs].map(([log, { piece, offset }]) => [log, piece, offset] as const);
    const position = {
      gen: this.#gen,
      snapshotLine: this.#snapshotLine,
      finalLine: this.#finalLine,
      logs,
    };
    return { lines: this.#lines, cursor: writeCursor(position) };
  }
}
