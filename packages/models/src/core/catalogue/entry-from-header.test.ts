import { describe, expect, it } from "vitest";
import { readGgufFile } from "../../adapters/common/gguf-file.ts";
import { builtInModels } from "../../built-in-models.ts";
import type { GgufHeader, GgufValue } from "../gguf-header.ts";
import type { MemoryProfile } from "../memory-profile.ts";
import { memoryProfile } from "../sizing/memory-profile.ts";
import { builtInCatalogue, findModel } from "./catalogue.ts";
import { entryFromHeader } from "./entry-from-header.ts";

const tinyHeader = await readGgufFile(builtInModels["tiny-gemma"]);
const tiny = memoryProfile(tinyHeader);
if (tiny.kind !== "profile") throw new Error(tiny.reason);
const tinyProfile: MemoryProfile = tiny.profile;

function entryOf(metadata: Record<string, GgufValue>, change: Partial<MemoryProfile> = {}) {
  const header: GgufHeader = { ...tinyHeader, metadata: new Map(Object.entries(metadata)) };
  return entryFromHeader({
    id: "mine",
    family: "ours",
    rank: 1,
    uri: "hf:o/r/mine-Q4_K_M.gguf",
    bytes: 1_000,
    sha256: undefined,
    header,
    profile: { ...tinyProfile, ...change },
  });
}

describe("an entry from a header", () => {
  it("says of the tiny model what the built-in list says", () => {
    const known = findModel(builtInCatalogue, "tiny-gemma")?.entry;
    const entry = entryFromHeader({
      id: "tiny-gemma",
      family: "tiny",
      rank: 1,
      uri: "/models/tiny-q8_0.gguf",
      bytes: 1_395_200,
      sha256: undefined,
      header: tinyHeader,
      profile: tinyProfile,
    });
    expect(entry).toMatchObject({
      title: known?.title,
      kind: known?.kind,
      maxContextTokens: known?.maxContextTokens,
      licence: "apache-2.0",
      origin: "added",
      variants: [{ id: "q8_0", bytes: 1_395_200 }],
    });
    expect(Math.abs(entry.parameters / (known?.parameters ?? 1) - 1)).toBeLessThan(0.1);
    const listed = known?.variants[0]?.profile;
    const { kvBytesPerToken, kvWindowBytesPerToken, layers, embeddingLength, vocabularySize } = tinyProfile;
    expect(listed).toMatchObject({
      kvBytesPerToken,
      kvWindowBytesPerToken,
      layers,
      embeddingLength,
      vocabularySize,
    });
  });

  it("tells chat, completion, vectors and scores apart", () => {
    expect(entryOf({ "tokenizer.chat_template": "{{ tools }}" })).toMatchObject({
      kind: "chat",
      capabilities: expect.arrayContaining(["chat", "tools"]),
    });
    expect(entryOf({ "tokenizer.chat_template": "{{ messages }}" }).capabilities).not.toContain("tools");
    expect(entryOf({})).toMatchObject({ kind: "completion" });
    expect(entryOf({}).capabilities).not.toContain("chat");
    expect(entryOf({ "gemma3.pooling_type": 1 }).kind).toBe("embedding");
    expect(entryOf({}, { use: "embed" }).kind).toBe("embedding");
    expect(entryOf({ "gemma3.pooling_type": 4 })).toMatchObject({
      kind: "rerank",
      capabilities: ["rerank", "tokenize"],
    });
  });

  it("counts weights by their form where the file does not", () => {
    expect(entryOf({ "general.parameter_count": 7_000 }).parameters).toBe(7_000);
    const entry = entryOf({}, { weightsBytes: 4_890_000, activeWeightsBytes: 489_000 });
    expect(entry.parameters).toBe(8_000_000);
    expect(entry.activeParameters).toBe(800_000);
  });

  it("has a title that fits into a line, whatever the file says", () => {
    const { title, licence } = entryOf({
      "general.name": `\u001b[2J a\nname ${"x".repeat(10_000)}`,
      "general.license": "\u0000",
    });
    expect(title).toMatch(/^\[2J a name x+$/);
    expect(title.length).toBe(200);
    expect(licence).toBe("not said");
  });
});
