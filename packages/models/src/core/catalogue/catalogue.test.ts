import { describe, expect, it } from "vitest";
import { defaultModelName, parseModelUri } from "../model-uri.ts";
import { builtInCatalogue, familiesOf, findModel } from "./catalogue.ts";
import { profileFromFacts } from "./profile-from-facts.ts";
import { qualityOrder, quantisationInName } from "./quantisations.ts";

const each = builtInCatalogue.map((entry): [string, typeof entry] => [entry.id, entry]);
const variants = builtInCatalogue.flatMap((entry) =>
  entry.variants.map((variant) => [`${entry.id}:${variant.id}`, entry, variant] as const),
);

describe("the built-in catalogue", () => {
  it("has no name twice, for models, aliases and families together", () => {
    const names = builtInCatalogue.flatMap(({ id, aliases = [] }) => [id, ...aliases]);
    const families = [...familiesOf(builtInCatalogue).keys()];
    const all = [...names, ...families.filter((family) => !names.includes(family)), "auto"];
    expect(new Set(all).size).toBe(all.length);
    // The one model of its family may be asked for by the family's name.
    expect(families.filter((family) => names.includes(family))).toEqual(["embedding-gemma"]);
    for (const name of all) expect(name).toBe(name.toLowerCase());
  });

  it.each(each)("has an id for %s that can be a key, and a file's name", (id, entry) => {
    expect(id).toMatch(/^[a-z0-9][a-z0-9._-]{0,99}$/);
    expect(entry.contextTokens).toBeLessThanOrEqual(entry.maxContextTokens);
    expect(entry.activeParameters).toBeLessThanOrEqual(entry.parameters);
    expect(entry.sources.length).toBeGreaterThan(0);
  });

  it("has ranks that go up with a family's size, one each", () => {
    for (const members of familiesOf(builtInCatalogue).values()) {
      expect(members.map(({ rank }) => rank)).toEqual(members.map((_member, at) => at + 1));
      const sizes = members.map(({ parameters }) => parameters);
      expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
      expect(new Set(members.map(({ kind }) => kind)).size).toBe(1);
    }
  });

  it.each(each)("lists the files of %s best first, each form once", (_id, { variants: files }) => {
    const order = files.map(({ id }) => qualityOrder(id));
    expect(order.length).toBeGreaterThan(0);
    expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
  });

  it.each(variants)(
    "has an address for %s that names such a file",
    (_name, entry, { id, uri, projector }) => {
      const parsed = parseModelUri(uri);
      expect(["hf", "builtin"]).toContain(parsed.kind);
      if (parsed.kind !== "hf") return;
      expect(quantisationInName(`${parsed.repo}-${parsed.file}`)?.id).toBe(id);
      if (projector !== undefined) {
        expect(parseModelUri(projector.uri).kind).toBe("hf");
        expect(entry.capabilities).toContain("vision");
      }
    },
  );

  it.each(variants)("has a size for %s that its weights could take", (_name, entry, variant) => {
    const expected = (entry.parameters * variant.bitsPerWeight) / 8;
    const actual = variant.bytes ?? variant.profile.weightsBytes;
    expect(actual / expected).toBeGreaterThan(0.9);
    expect(actual / expected).toBeLessThan(1.1);
    expect(variant.profile.hostWeightsBytes).toBeLessThan(actual);
  });

  it("knows what is kept of each token, as others have measured it", () => {
    const cache = (id: string) => {
      const profile = findModel(builtInCatalogue, id)?.entry.variants[0]?.profile;
      return [profile?.kvBytesPerToken, profile?.kvWindowBytesPerToken];
    };
    const kib = 1_024;
    expect(cache("gemma-4-e4b-it")).toEqual([16 * kib, 40 * kib]);
    expect(cache("gemma-4-26b-a4b-it")).toEqual([20 * kib, 200 * kib]);
    expect(cache("gemma-4-31b-it")).toEqual([80 * kib, 800 * kib]);
    expect(cache("gpt-oss-20b")).toEqual([24 * kib, 24 * kib]);
    expect(cache("qwen3-30b-a3b-instruct-2507")).toEqual([96 * kib, 0]);
  });

  it("gives files the names that its models have, where their makers named them so", () => {
    for (const [, entry, { uri }] of variants) {
      const name = defaultModelName(parseModelUri(uri));
      const found = findModel(builtInCatalogue, name)?.entry;
      if (found !== undefined) expect(found.id).toBe(entry.id);
    }
  });
});

describe("a name", () => {
  const named = (name: string) => {
    const found = findModel(builtInCatalogue, name);
    return found === undefined ? undefined : [found.entry.id, found.variant?.id];
  };

  it("finds a model by id and alias, whatever the case", () => {
    expect(named("gemma-4-e4b-it")).toEqual(["gemma-4-e4b-it", undefined]);
    expect(named("Gemma-4-E4B-IT")).toEqual(["gemma-4-e4b-it", undefined]);
    expect(named("google/gemma-4-E4B-it")).toEqual(["gemma-4-e4b-it", undefined]);
    expect(named("gemma4:e4b")).toEqual(["gemma-4-e4b-it", undefined]);
  });

  it("says which file after a colon", () => {
    expect(named("gemma-4-e4b-it:Q8_0")).toEqual(["gemma-4-e4b-it", "q8_0"]);
    expect(named("gemma4:e4b:qat-q4_0")).toEqual(["gemma-4-e4b-it", "qat-q4_0"]);
  });

  it("that is none finds nothing", () => {
    for (const name of ["", ":", "gemma-4", "gemma-4-e4b-it:", "gemma-4-e4b-it:q2_k", ":q8_0"])
      expect(named(name)).toBeUndefined();
  });
});

describe("a profile from facts", () => {
  it("counts keys and values of 2 bytes each, and what stays in main memory", () => {
    const profile = profileFromFacts(
      {
        architecture: "x",
        layers: 10,
        embeddingLength: 64,
        vocabularySize: 1_000,
        maxContextTokens: 4_096,
        wide: { layers: 2, kvHeads: 3, headLength: 5 },
        isTied: true,
        perLayerParameters: 36_000,
      },
      { weightsBytes: 1_000_000.4, bitsPerWeight: 8 },
    );
    expect(profile).toMatchObject({
      kvBytesPerToken: 2 * 3 * 5 * 4,
      kvWindowBytesPerToken: 0,
      windowTokens: 0,
      hostWeightsBytes: 100_000,
      copiedWeightsBytes: 64_000,
      activeWeightsBytes: undefined,
      weightsBytes: 1_000_000,
    });
  });
});

describe("the name of a file", () => {
  it.each([
    ["gemma-4-E4B_q4_0-it.gguf", "q4_0"],
    ["gemma-4-12b-it-qat-q4_0.gguf", "qat-q4_0"],
    ["Qwen3-8B-Q4_K_M.gguf", "q4_k_m"],
    ["gpt-oss-20b-mxfp4.gguf", "mxfp4"],
    ["model-BF16.gguf", "bf16"],
    ["model.gguf", undefined],
  ])("%s says %s", (name, id) => {
    expect(quantisationInName(name)?.id).toBe(id);
  });
});
