import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LineResult } from "./line-result.ts";
import {
  type CommitToWrite,
  decodeResult,
  encodeGroup,
  hasSha256,
  type ResultToWrite,
  type SegmentRecord,
} from "./segment-record.ts";
import { SegmentDecoder } from "./segment-record-decoder.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const token = fc.record({ gen: u32, epoch: u32 });
const result: fc.Arbitrary<LineResult> = fc.record({
  line: u32,
  token,
  outcome: fc.constantFrom("completed" as const, "failed" as const),
  body: fc.uint8Array({ maxLength: 300 }),
  usage: fc.record({ promptTokens: u32, cachedTokens: u32, completionTokens: u32, reasoningTokens: u32 }),
  isCached: fc.boolean(),
  provenance: fc.oneof(fc.constantFrom("", "\ufeffa"), fc.string({ unit: "binary", maxLength: 60 })),
});
const written: fc.Arbitrary<ResultToWrite> = result.map((item) => ({
  result: item,
  sha256: sha256(item.body),
}));
const commit: fc.Arbitrary<CommitToWrite> = fc.record({
  line: u32,
  token,
  pointer: fc.record({
    piece: fc.string({ unit: "grapheme-ascii", maxLength: 40 }),
    offset: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    length: u32,
  }),
});
const results = fc.array(written, { maxLength: 8 });
const commits = fc.array(commit, { maxLength: 5 });
/** Where to cut a run of bytes into chunks. */
const cuts = fc.array(fc.nat(2_000), { maxLength: 12 });

function chunksOf(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const ends = [...at.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

function decodeAll(chunks: readonly Uint8Array[], wants: "all" | "commits" = "all") {
  const decoder = new SegmentDecoder({ wants });
  const records: SegmentRecord[] = chunks.flatMap((chunk) => decoder.push(chunk));
  return { records, offset: decoder.offset, isDamaged: decoder.isDamaged };
}

/** What is read back of what was written. */
function plain(record: SegmentRecord) {
  const { line, token: issued } = record;
  if (record.kind === "commit") return { line, token: issued, pointer: record.pointer };
  const { outcome, usage, isCached, provenance } = record;
  return { line, token: issued, outcome, body: [...record.body], usage, isCached, provenance };
}

describe("segment records", () => {
  it("come back as they were written, however the bytes are cut", () => {
    fc.assert(
      fc.property(results, commits, cuts, (someResults, someCommits, at) => {
        const { bytes, places } = encodeGroup(someResults, someCommits);
        const { records, offset, isDamaged } = decodeAll(chunksOf(bytes, at));
        const expected = someResults.map(({ result: item }) => ({ ...item, body: [...item.body] }));
        expect(records.map(plain)).toEqual([...expected, ...someCommits]);
        expect(records.slice(0, places.length).map(({ offset, length }) => ({ offset, length }))).toEqual(
          places,
        );
        expect({ offset, isDamaged }).toEqual({ offset: bytes.length, isDamaged: false });
        for (const record of records)
          if (record.kind === "result") expect(hasSha256(record, sha256(record.body))).toBe(true);
      }),
    );
  });

  it("are read one at a time where their place is known", () => {
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 5 }), (someResults) => {
        const { bytes, places } = encodeGroup(someResults, []);
        const read = places.map(({ offset, length }) =>
          decodeResult(bytes.subarray(offset, offset + length), offset),
        );
        expect(read.map((record) => record && [...record.body])).toEqual(
          someResults.map(({ result: item }) => [...item.body]),
        );
        const [first] = places;
        expect(decodeResult(bytes.subarray(0, (first?.length ?? 0) - 1), 0)).toBeUndefined();
      }),
    );
  });

  it("show a whole beginning of themselves when they are cut off anywhere", () => {
    fc.assert(
      fc.property(results, commits, cuts, fc.nat(), (someResults, someCommits, at, length) => {
        const { bytes } = encodeGroup(someResults, someCommits);
        const whole = decodeAll([bytes]).records;
        const end = length % (bytes.length + 1);
        const { records, offset, isDamaged } = decodeAll(chunksOf(bytes.subarray(0, end), at));
        const fitting = whole.filter((record) => record.offset + record.length <= end);
        expect(records.map(plain)).toEqual(fitting.map(plain));
        expect({ offset, isDamaged }).toEqual({
          offset: fitting.reduce((sum, record) => sum + record.length, 0),
          isDamaged: false,
        });
      }),
    );
  });

  it("show any flipped byte", () => {
    fc.assert(
      fc.property(
        fc.array(written, { minLength: 1, maxLength: 4 }),
        commits,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (someResults, someCommits, place, flip) => {
          const { bytes } = encodeGroup(someResults, someCommits);
          const whole = decodeAll([bytes]).records.map(plain);
          const at = place % bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ flip;
          const { records } = decodeAll([bytes]);
          const good = records.filter(
            (record) =>
              record.kind === "commit" ||
              (hasSha256(record, sha256(record.body)) && record.provenance !== undefined),
          );
          expect(good.length).toBeLessThan(whole.length);
          for (const record of good) expect(whole).toContainEqual(plain(record));
        },
      ),
    );
  });

  it("end where garbage begins, and say where", () => {
    fc.assert(
      fc.property(results, cuts, (someResults, at) => {
        const { bytes } = encodeGroup(someResults, []);
        const garbage = new Uint8Array([...bytes, 1, 2, 3, 4, 5, 6, 7, 8]);
        const { records, offset, isDamaged } = decodeAll(chunksOf(garbage, at));
        expect({ count: records.length, offset, isDamaged }).toEqual({
          count: someResults.length,
          offset: bytes.length,
          isDamaged: true,
        });
      }),
    );
  });

  it("can be walked for commits alone, from any commit on", () => {
    fc.assert(
      fc.property(results, commits, results, cuts, (before, someCommits, after, at) => {
        const first = encodeGroup(before, someCommits).bytes;
        const bytes = new Uint8Array([...first, ...encodeGroup(after, someCommits).bytes]);
        const { records, offset } = decodeAll(chunksOf(bytes, at), "commits");
        expect(records.map(plain)).toEqual([...someCommits, ...someCommits]);
        expect(offset).toBe(bytes.length);
        const decoder = new SegmentDecoder({ offset: first.length, wants: "commits" });
        const late = chunksOf(bytes.subarray(first.length), at).flatMap((chunk) => decoder.push(chunk));
        expect(late).toEqual(records.slice(someCommits.length));
      }),
    );
  });
});
