import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { array, join, text, u32, u64, writeGguf } from "./gguf-bytes.ts";
import { readGgufHeader } from "./gguf-header.ts";

const file = writeGguf({
  entries: [
    { key: "general.architecture", type: 8, value: text("gemma3") },
    { key: "gemma3.block_count", type: 4, value: u32(18) },
    { key: "big", type: 10, value: u64(2n ** 60n) },
    { key: "small", type: 10, value: u64(7) },
    { key: "flag", type: 7, value: new Uint8Array([1]) },
    { key: "stops", type: 9, value: array(4, [u32(1), u32(106)]) },
    {
      key: "tokens",
      type: 9,
      value: array(
        8,
        Array.from({ length: 1025 }, (_, n) => text(`t${n}`)),
      ),
    },
    { key: "nested", type: 9, value: array(9, [array(4, [u32(3)])]) },
  ],
  tensors: [
    { name: "a", elements: 10 },
    { name: "b", elements: 64 },
  ],
});

describe("readGgufHeader", () => {
  const head = (tensors: number | bigint, entries: number | bigint, version = 3) =>
    join([new TextEncoder().encode("GGUF"), u32(version), u64(tensors), u64(entries)]);

  test("reads counts and metadata, and keeps only the length of long arrays", () => {
    const result = readGgufHeader(file);
    if (result.kind !== "header") throw new Error(JSON.stringify(result));
    const { header } = result;
    expect(header).toMatchObject({ version: 3, tensorCount: 2 });
    expect(Object.fromEntries(header.metadata)).toEqual({
      "general.architecture": "gemma3",
      "gemma3.block_count": 18,
      big: 2n ** 60n,
      small: 7,
      flag: true,
      stops: { length: 2, items: [1, 106] },
      tokens: { length: 1025, items: undefined },
      nested: { length: 1, items: [{ length: 1, items: [3] }] },
    });
    expect(header.minimumFileBytes).toBe(file.length);
  });

  test("adds up the bytes of the tensors by what they are for", () => {
    const elements = { "token_embd.weight": 8, "output.weight": 4, "per_layer_token_embd.weight": 2 };
    const blocks = { "blk.0.attn_q.weight": 16, "blk.2.ffn_up_exps.weight": 32, "blk.999999.x": 1, other: 1 };
    const tensors = Object.entries({ ...elements, ...blocks }).map(([name, each]) => ({
      name,
      elements: each,
    }));
    const result = readGgufHeader(writeGguf({ tensors }));
    if (result.kind !== "header") throw new Error(JSON.stringify(result));
    expect(result.header.tensors).toEqual({
      allBytes: 64 * 4,
      tokenEmbeddingBytes: 8 * 4,
      perLayerEmbeddingBytes: 2 * 4,
      outputBytes: 4 * 4,
      blockBytes: [16 * 4, 0, 32 * 4],
      expertBytes: 32 * 4,
      isComplete: true,
    });
  });

  test("says that its sums are too small where it does not know a type", () => {
    const unknown = join([head(1, 0), text("blk.0.x"), u32(1), u64(64), u32(9999), u64(0)]);
    expect(readGgufHeader(unknown)).toMatchObject({
      header: { tensors: { allBytes: 0, isComplete: false } },
    });
  });

  test("asks for more bytes until it has enough, and never for more than the file has", () => {
    let have = 0;
    for (let tries = 0; tries < 5000; tries += 1) {
      const result = readGgufHeader(file.subarray(0, have));
      if (result.kind === "header") return;
      if (result.kind === "invalid") throw new Error(result.reason);
      expect(result.bytes).toBeGreaterThan(have);
      expect(result.bytes).toBeLessThanOrEqual(file.length);
      have = result.bytes;
    }
    throw new Error("it never had enough");
  });

  const entry = (type: number, value: Uint8Array) => join([head(0, 1), text("k"), u32(type), value]);

  test.each([
    ["another magic", new TextEncoder().encode("<!DOCTYPE html>"), "letters GGUF"],
    ["version 1", head(0, 0, 1), "version is 1"],
    ["a big-endian file", head(0, 0, 0x03000000), "big-endian"],
    ["too many tensors", head(2n ** 63n, 0), "tensors"],
    ["too many entries", head(0, 2n ** 40n), "metadata entries"],
    ["an endless string", entry(8, u64(2n ** 50n)), "bytes in a metadata string"],
    ["an endless array", entry(9, join([u32(4), u64(2n ** 50n)])), "array items"],
    ["a header that claims too much", entry(9, join([u32(12), u64(64 * 1024 * 1024)])), "longer than"],
    ["an unknown type", entry(99, u32(0)), "unknown type 99"],
    ["deep nesting", entry(9, join(Array.from({ length: 6 }, () => join([u32(9), u64(1)])))), "too deeply"],
    ["a key named twice", join([head(0, 2), text("k"), u32(4), u32(0), text("k")]), "twice"],
    [
      "an alignment that is none",
      join([head(0, 1), text("general.alignment"), u32(4), u32(48)]),
      "alignment",
    ],
    ["an entry without a name", join([head(0, 1), text(""), u32(4), u32(0)]), "without a name"],
    [
      "lists of one vocabulary that differ in length",
      writeGguf({
        entries: [
          { key: "tokenizer.ggml.tokens", type: 9, value: array(8, [text("a"), text("b")]) },
          { key: "tokenizer.ggml.scores", type: 9, value: array(6, [u32(0)]) },
        ],
      }),
      "has 2 tokens",
    ],
    [
      "two tensors of one name",
      writeGguf({ tensors: ["t", "t"].map((name) => ({ name, elements: 8 })) }),
      "two tensors",
    ],
    ["five dimensions", join([head(1, 0), text("t"), u32(5)]), "5 dimensions"],
    [
      "a tensor between two places",
      join([head(1, 0), text("t"), u32(1), u64(8), u32(0), u64(33)]),
      "where one can",
    ],
    [
      "rows that are no whole blocks",
      join([head(1, 0), text("t"), u32(1), u64(33), u32(8), u64(0)]),
      "fit its type",
    ],
    ["an alignment of zero", join([head(0, 1), text("general.alignment"), u32(4), u32(0)]), "alignment"],
    [
      "a tensor larger than any file",
      join([head(1, 0), text("t"), u32(2), u64(2n ** 40n), u64(2n ** 40n), u32(0), u64(0)]),
      "larger than any file",
    ],
  ])("refuses %s", (_, bytes, reason) => {
    const result = readGgufHeader(bytes);
    expect(result).toMatchObject({ kind: "invalid", reason: expect.stringContaining(reason) });
  });

  test("answers for any bytes at all, without throwing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, isPlausible) => {
        const input = isPlausible ? join([head(1, 2), bytes]) : bytes;
        const result = readGgufHeader(input);
        if (result.kind === "need-more") expect(result.bytes).toBeGreaterThan(input.length);
      }),
      { numRuns: 1000 },
    );
  });

  test("answers for a good file with damaged bytes, without throwing", () => {
    const damage = fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = file.slice();
        for (const [at, value] of changes) damaged[at] = value;
        expect(["header", "need-more", "invalid"]).toContain(readGgufHeader(damaged).kind);
      }),
      { numRuns: 500 },
    );
  });
});
