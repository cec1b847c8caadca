import { builtInCatalogue } from "@muster/models";
import { describe, expect, it } from "vitest";
import { type ModelArgumentOptions, modelArgument } from "./model-argument.ts";
import { upLendingOverrides } from "./service-options.ts";

const gib = 1024 ** 3;
const e4b = builtInCatalogue.find(({ id }) => id === "gemma-4-e4b-it");
const uriOf = (variant: string) => e4b?.variants.find(({ id }) => id === variant)?.uri;

function options(change: Partial<ModelArgumentOptions> & { vramGib?: number; ramGib?: number } = {}) {
  const { vramGib = 0, ramGib = 0, ...given } = change;
  return {
    ...{ name: undefined, slots: 4, contextTokens: undefined },
    freeMemory: async () => ({
      vramBytes: vramGib * gib,
      ramBytes: ramGib * gib,
      gpus: vramGib > 0 ? 1 : 0,
    }),
    ...given,
  };
}

const noProbe = options({ freeMemory: () => Promise.reject(new Error("nobody should have looked")) });

describe("the model argument", () => {
  it("is a URI or a path as it stands", async () => {
    for (const uri of ["hf:o/r/a.gguf", "https://h/a.gguf", "./a", "a.gguf", "C:\\models\\a", "stub:m"])
      expect(await modelArgument(uri, noProbe)).toEqual({ uri, name: undefined });
    expect(await modelArgument("hf:o/r/a.gguf", { ...noProbe, name: "mine" })).toMatchObject({
      name: "mine",
    });
  });

  it("serves a file of the catalogue under the catalogue's name, unless its owner wants another", async () => {
    const uri = uriOf("q8_0") ?? "";
    expect(await modelArgument(uri, noProbe)).toEqual({ uri, name: "gemma-4-e4b-it" });
    const revised = `${uri}@main`;
    expect(await modelArgument(revised, noProbe)).toEqual({ uri: revised, name: "gemma-4-e4b-it" });
    expect(await modelArgument(uri, { ...noProbe, name: "mine" })).toEqual({ uri, name: "mine" });
  });

  it("takes the file that a name says, without looking at the machine", async () => {
    const named = { uri: uriOf("q8_0"), name: "gemma-4-e4b-it" };
    expect(await modelArgument("gemma-4-e4b-it:q8_0", noProbe)).toEqual(named);
    expect(await modelArgument("Gemma4:e4b:q8_0", noProbe)).toEqual(named);
    expect(await modelArgument("gemma-4-e4b-it:q4_0", noProbe)).toMatchObject({ uri: uriOf("qat-q4_0") });
    const tiny = { uri: "builtin:tiny-gemma", name: "tiny-gemma" };
    expect(await modelArgument("tiny-gemma", noProbe)).toEqual(tiny);
  });

  it("chooses the best file that fits, and says why", async () => {
    const large = await modelArgument("gemma-4-e4b-it", options({ vramGib: 24, ramGib: 32 }));
    expect(large).toMatchObject({
      uri: uriOf("q8_0"),
      name: "gemma-4-e4b-it",
      slots: 4,
      contextTokens: 8_192,
    });
    expect(large.says).toMatch(/q8_0 .*on the GPU.*the best there is/);
    const small = await modelArgument("gemma-4-e4b-it", options({ vramGib: 6, ramGib: 32 }));
    expect(small.uri).toBe(uriOf("qat-q4_0"));
    expect(small.says).toMatch(/qat-q4_0 .*on the GPU.*q8_0 would not fit as well/);
    const slow = await modelArgument("gemma-4-e4b-it", options({ ramGib: 32 }));
    expect(slow.says).toMatch(/q8_0 .*on the processor/);
  });

  it("takes the smallest file where none fits, and says so", async () => {
    const none = await modelArgument("gemma-4-e4b-it", options({ ramGib: 1 }));
    expect(none).toMatchObject({ uri: uriOf("qat-q4_0"), name: "gemma-4-e4b-it" });
    expect(none.slots).toBeUndefined();
    expect(none.says).toMatch(/should not fit/);
  });

  it("lists near names for one that is not known", async () => {
    const failing = (text: string) => modelArgument(text, noProbe).then(undefined, String);
    expect(await failing("gema-4-e4b-it")).toMatch(/"gema-4-e4b-it".*Near it are: gemma-4-e4b-it/);
    expect(await failing("qwen3")).toMatch(/Near it are: qwen3-/);
    expect(await failing("gemma-4-e4b-it:q9")).toMatch(/gemma-4-e4b-it has q8_0, qat-q4_0, q4_k_m/);
    expect(await failing("zzzzzzzzzzzzzzzzzzzz")).toMatch(/among others/);
  });
});

describe("muster up", () => {
  it("takes placement beside its own model, unless somebody says otherwise", () => {
    expect(upLendingOverrides({}, {})).toEqual({ takesPlacement: true });
    expect(upLendingOverrides({ placement: false }, {})).toEqual({ takesPlacement: false });
    expect(upLendingOverrides({}, { MUSTER_PLACEMENT: "off" })).toEqual({});
  });
});
