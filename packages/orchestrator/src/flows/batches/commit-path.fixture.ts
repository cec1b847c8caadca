import { createHash } from "node:crypto";
import { ManualClock, silentLog } from "@muster/base";
import type { BatchEvents, BatchOutcome, BatchRecord, LineUsage } from "../../core/batches/batch.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { lineEntryBytes, writeLineEntry } from "../../core/batches/line-index.ts";
import type { LineResult, LineToken } from "../../core/batches/line-result.ts";
import type { CommitLedger } from "../../ports/commit-ledger.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { CommitDesk } from "./commit-desk.ts";
import { finalizeBatch } from "./finalize.ts";
import { tailResults } from "./results-tail.ts";

export const batchId = `batch_${"0".repeat(31)}1`;
const inputFileId = `file-${"0".repeat(31)}2`;

export const record: BatchRecord = {
  id: batchId,
  tenant: "acme",
  inputFileId,
  endpoint: "/v1/chat/completions",
  completionWindow: "24h",
  createdAtMs: 1_000,
  expiresAtMs: 86_401_000,
  metadata: undefined,
  outputExpiresAfterMs: undefined,
  options: { priority: "normal", provenance: true, resultCache: false, webhookUrl: undefined },
};

function eventsOf(lines: number, outcome: BatchOutcome): BatchEvents {
  return {
    validated: { kind: "validated", atMs: 2_000, lines, models: [{ model: "m", lines }] },
    finalizing: { kind: "finalizing", atMs: 3_000, outcome },
  };
}

export const digest = (data: Uint8Array | string) => createHash("sha256").update(data).digest("hex");

/** Writes an input of so many lines, a blank one before each, and its index. */
export async function writeInput(store: ObjectStore, lines: number): Promise<void> {
  const index = new Uint8Array(lines * lineEntryBytes);
  const view = new DataView(index.buffer);
  let content = "";
  for (let line = 0; line < lines; line++) {
    const text = JSON.stringify({ custom_id: `id-${line}`, body: {} });
    content += "\n";
    const place = { offset: content.length, length: text.length, lineNumber: 2 * line + 2 };
    writeLineEntry(view, line * lineEntryBytes, { ...place, model: 0, prefix: 0, estimatedTokens: 9 });
    content += `${text}\n`;
  }
  await store.put(objectKeys.fileContent(inputFileId), new TextEncoder().encode(content));
  await store.put(objectKeys.lineIndex(batchId), index);
}

/** An answer that differs from one try to the next, as answers do. */
export function answer(
  line: number,
  token: LineToken,
  outcome: LineResult["outcome"] = "completed",
): LineResult {
  const tokens = 1 + ((line * 31 + token.epoch * 7 + token.gen) % 50);
  const usage: LineUsage = {
    promptTokens: tokens,
    cachedTokens: tokens >> 1,
    completionTokens: 2 * tokens,
    reasoningTokens: outcome === "failed" ? 0 : 1,
  };
  const body = { custom_id: `id-${line}`, outcome, token, usage };
  return {
    ...{ line, token, outcome, usage },
    body: new TextEncoder().encode(JSON.stringify(body)),
    isCached: false,
    provenance: JSON.stringify({ attempts: token.epoch }),
  };
}

export interface WrittenFile {
  readonly filename: string;
  readonly expiresAtMs: number;
  readonly text: string;
}

/** Keeps files in memory, and every version of each. */
export class TestFiles {
  readonly versions = new Map<string, WrittenFile[]>();

  async putOutput(file: {
    readonly id: string;
    readonly filename: string;
    readonly expiresAtMs: number;
    readonly content: AsyncIterable<Uint8Array>;
  }): Promise<void> {
    const parts: Uint8Array[] = [];
    for await (const part of file.content) parts.push(part);
    const { filename, expiresAtMs } = file;
    const written = { filename, expiresAtMs, text: Buffer.concat(parts).toString("utf8") };
    this.versions.set(file.id, [...(this.versions.get(file.id) ?? []), written]);
  }

  text(id: string | undefined): string {
    return id === undefined ? "" : (this.versions.get(id)?.at(-1)?.text ?? "");
  }
}

/** Lines of a file, parsed. */
export interface OutputLine {
  readonly custom_id: string;
  readonly token?: LineToken;
  readonly usage?: LineUsage;
  readonly response?: null;
  readonly error?: { readonly code: string };
}

export function linesOf(text: string): OutputLine[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as OutputLine);
}

/** The pieces around one store and one ledger. Each desk is a process of its own, with its own time. */
export function commitPath<Ledger extends CommitLedger>(store: ObjectStore, ledger: Ledger) {
  const log = silentLog;
  let desks = 0;
  const deps = { store, ledger, digest, log };
  return {
    ...deps,
    openDesk(seen: CommitLedger = ledger) {
      const clock = new ManualClock();
      return { clock, desk: new CommitDesk({ ...deps, ledger: seen, clock, writer: `orc-${++desks}` }) };
    },
    finalize: (lines: number, outcome: BatchOutcome, files = new TestFiles()) =>
      finalizeBatch(
        { ...deps, files, clock: new ManualClock() },
        { record, events: eventsOf(lines, outcome) },
      ),
    /** All that a follower gets who goes on from `cursor` until nothing more comes. */
    async follow(cursor: string | undefined, maxBytes = 8_000) {
      const seen: string[] = [];
      let at = cursor;
      for (;;) {
        const page = await tailResults({ store, digest }, { batchId, cursor: at, maxBytes });
        at = page.cursor;
        if (page.lines.length === 0) return { seen, cursor: at };
        seen.push(...page.lines.map((line) => Buffer.from(line).toString("utf8")));
      }
    },
  };
}

/** A line's token from the ledger. Throws where there is none to be had. */
export async function claim(ledger: CommitLedger, line: number, gen: number): Promise<LineToken> {
  const claimed = await ledger.claim(batchId, line, gen);
  if (claimed.kind !== "claimed") throw new Error(`line ${line} is ${claimed.kind}`);
  return claimed.token;
}
