import { MusterError } from "@muster/base";
import {
  addUsage,
  type BatchOutcome,
  type BatchRecord,
  type LineUsage,
  noUsage,
} from "../../core/batches/batch.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { type LineEntry, lineEntryBytes, readLineEntries } from "../../core/batches/line-index.ts";
import type { ResultRecord } from "../../core/batches/segment-record.ts";
import type { WinnerIndex } from "../../core/batches/winners.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { BlockReader } from "./block-reader.ts";
import { lineName } from "./line-body.ts";
import { parseLineText } from "./line-text.ts";
import { ResultReader } from "./result-reader.ts";

interface Deps {
  readonly store: ObjectStore;
  readonly digest: Digest;
}

interface Lines {
  readonly record: BatchRecord;
  readonly outcome: BatchOutcome;
  readonly index: WinnerIndex;
}

/** The index and the input are read in order. */
const maxInputBlocks = 4;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Why a line has no answer, in the words of OpenAI's API where it has any. */
const unrunErrors = {
  expired: {
    code: "batch_expired",
    message: "This request could not be executed before the completion window expired.",
  },
  cancelled: { code: "batch_cancelled", message: "This request was not executed: the batch was cancelled." },
} as const;

/** The lines of the files that a batch gives, in the order of its input, without line ends. */
export class OutputLines {
  readonly #deps: Deps;
  readonly #of: Lines;
  readonly #results: ResultReader;
  readonly #input: BlockReader;
  #usage: LineUsage = noUsage;
  #cachedLines = 0;

  constructor(deps: Deps, of: Lines) {
    this.#deps = deps;
    this.#of = of;
    this.#results = new ResultReader(deps, of.record.id);
    this.#input = new BlockReader(deps, maxInputBlocks);
  }

  /** Over the lines that `completed` and `errors` have given. */
  get usage(): LineUsage {
    return this.#usage;
  }

  get cachedLines(): number {
    return this.#cachedLines;
  }

  async *completed(): AsyncGenerator<Uint8Array, undefined> {
    const { index } = this.#of;
    for (let line = 0; line < index.lines; line++) {
      if (index.outcome(line) !== "completed") continue;
      yield this.#counted(await this.#result(line));
    }
  }

  async *errors(): AsyncGenerator<Uint8Array, undefined> {
    const { index } = this.#of;
    for (let line = 0; line < index.lines; line++) {
      const outcome = index.outcome(line);
      if (outcome === "completed") continue;
      yield outcome === "failed" ? this.#counted(await this.#result(line)) : await this.#unrun(line);
    }
  }

  async *provenance(): AsyncGenerator<Uint8Array, undefined> {
    const { index } = this.#of;
    for (let line = 0; line < index.lines; line++) {
      if (!index.has(line)) continue;
      const { body, provenance } = await this.#result(line);
      if (provenance === "") continue;
      const { lineNumber } = await this.#entry(line);
      yield provenanceLine({ body, provenance, line: lineNumber });
    }
  }

  #counted({ body, usage, isCached }: ResultRecord): Uint8Array {
    this.#usage = addUsage(this.#usage, usage);
    if (isCached) this.#cachedLines += 1;
    return body;
  }

  async #result(line: number): Promise<ResultRecord> {
    const winner = this.#of.index.get(line);
    if (winner === undefined) throw missingResult(this.#of.record.id, line);
    return this.#results.read(line, winner.pointer);
  }

  async #unrun(line: number): Promise<Uint8Array> {
    const { record, outcome } = this.#of;
    if (outcome === "completed") throw missingResult(record.id, line);
    const { offset, length } = await this.#entry(line);
    const text = await this.#input.read(objectKeys.fileContent(record.inputFileId), offset, length);
    return encoder.encode(
      JSON.stringify({
        id: `batch_req_${lineName(this.#deps.digest, record.id, line)}`,
        custom_id: parseLineText(text).customId,
        response: null,
        error: unrunErrors[outcome],
      }),
    );
  }

  async #entry(line: number): Promise<LineEntry> {
    const { id } = this.#of.record;
    const bytes = await this.#input.read(objectKeys.lineIndex(id), line * lineEntryBytes, lineEntryBytes);
    const [entry] = readLineEntries(bytes);
    if (entry === undefined)
      throw new MusterError("internal", `Batch ${id}: line ${line} is not in its index.`);
    return entry;
  }
}

/** A line that the ledger counted as answered has no result: that is an error, never a line left out. */
export function missingResult(batchId: string, line: number): MusterError {
  return new MusterError(
    "internal",
    `Batch ${batchId}: line ${line} (from 0) counts as answered, but no segment has its result. Restore ` +
      `${objectKeys.segments(batchId)} from a copy of the store; the batch then goes on by itself.`,
  );
}

function provenanceLine(of: {
  readonly body: Uint8Array;
  /** Undefined where it is damaged: the answer itself is not. */
  readonly provenance: string | undefined;
  readonly line: number;
}): Uint8Array {
  const { custom_id } = JSON.parse(decoder.decode(of.body)) as { readonly custom_id?: unknown };
  const origin =
    of.provenance === undefined
      ? { error: { code: "damaged", message: "Where this answer came from cannot be read any more." } }
      : (JSON.parse(of.provenance) as object);
  return encoder.encode(JSON.stringify({ custom_id, line: of.line, ...origin }));
}
