import type { Capability } from "@muster/base";
import { builtInCatalogue, findModel, type ModelEntry } from "@muster/models";
import { describe, expect, it } from "vitest";
import type { FleetOutlook } from "./fleet-outlook.ts";
import { type Capacity, ModelResolver, type Need, nothingPlaced, type Resolved } from "./model-resolver.ts";

const chats: ReadonlySet<Capability> = new Set(["chat"]);
const chat: Need = { needs: chats };

interface World {
  /** Slots of what is served. */
  readonly served?: Readonly<Record<string, number>>;
  readonly capabilities?: ReadonlySet<Capability>;
  readonly outlook?: Partial<FleetOutlook>;
  readonly capacity?: Capacity;
  readonly entries?: readonly ModelEntry[];
}

function resolverOf({ served = {}, entries = builtInCatalogue, ...world }: World): ModelResolver {
  const outlook: FleetOutlook = {
    contextTokens: () => undefined,
    expectedMs: () => undefined,
    variants: () => new Set([undefined]),
    ...world.outlook,
  };
  return new ModelResolver({
    catalogue: { find: (name) => findModel(entries, name), entries: () => entries },
    served: {
      has: (model) => Object.hasOwn(served, model),
      list: () => Object.keys(served),
      slots: (model) => served[model] ?? 0,
      capabilities: () => world.capabilities ?? chats,
    },
    outlook,
    capacity: world.capacity ?? nothingPlaced,
  });
}

const loads = (...models: string[]): Capacity => ({
  couldRun: (model) =>
    models.includes(model)
      ? { kind: "yes", loadMs: 20_000 }
      : { kind: "no", reason: "no GPU is large enough" },
});

function resolve(world: World, name: string, need: Need = chat): Resolved {
  return resolverOf(world).resolve(name, need);
}

describe("for a key that may use some models alone, a name", () => {
  const world = { served: { "gemma-4-e4b-it": 1, "gemma-4-e2b-it": 1, "my-own": 1 } };
  const mine = (name: string, ...allowed: string[]) => resolve(world, name, { ...chat, allowed });

  it("is judged by the model that it comes to, not by how it is asked for", () => {
    for (const name of ["gemma-4-e4b-it", "gemma4:e4b", "Gemma-4-E4B-it", "gemma-4-e4b-it:q8_0"]) {
      expect(mine(name, "gemma-4-e4b-it")).toMatchObject({ kind: "model", model: "gemma-4-e4b-it" });
      expect(mine(name, "gemma-4-e2b-*")).toEqual({ kind: "forbidden" });
    }
    expect(mine("my-own", "my-*")).toMatchObject({ model: "my-own" });
    expect(mine("my-own", "gemma-*")).toEqual({ kind: "forbidden" });
    expect(mine("gemma-4-e4b-it:q8_0", "gemma-4-e4b-it:qat-q4_0")).toEqual({ kind: "forbidden" });
  });

  it("of a family is a member among these, and so is any", () => {
    expect(mine("gemma-4", "*-e2b-it")).toMatchObject({ model: "gemma-4-e2b-it" });
    expect(mine("auto", "*-e2b-it")).toMatchObject({ model: "gemma-4-e2b-it" });
    expect(mine("auto", "my-own")).toMatchObject({ model: "my-own" });
    expect(mine("auto", "gemma-4")).toMatchObject({ model: "gemma-4-e4b-it" });
    expect(mine("gemma-4", "my-own")).toEqual({ kind: "forbidden" });
  });

  it("that there is not is unknown only where it could be one of these", () => {
    expect(mine("gemma-9", "gemma-*")).toEqual({ kind: "unknown" });
    expect(mine("gemma-9", "my-own")).toEqual({ kind: "forbidden" });
  });

  it("tells of no other member why it cannot be had", () => {
    const found = resolve({}, "gemma-4", { ...chat, allowed: ["gemma-4-e2b-it"] });
    expect(found).toMatchObject({ kind: "impossible" });
    expect(JSON.stringify(found)).not.toContain("e4b");
  });
});

describe("a name that is served", () => {
  it("wins, whatever it is in the catalogue", () => {
    expect(resolve({ served: { "gemma-4": 1 } }, "gemma-4")).toMatchObject({
      kind: "model",
      model: "gemma-4",
    });
    expect(resolve({ served: { "a/b:c": 0 } }, "a/b:c")).toMatchObject({ model: "a/b:c", entry: undefined });
  });

  it("brings its entry along, for what requests leave open", () => {
    const found = resolve({ served: { "qwen3-8b": 1 } }, "qwen3-8b");
    expect(found).toMatchObject({ entry: { sampling: { temperature: 0.6, topK: 20 } }, loadMs: 0 });
  });
});

describe("a name of the catalogue", () => {
  it("is the model that is served, by whichever of its names", () => {
    const world = { served: { "gemma-4-e4b-it": 2 } };
    for (const name of ["gemma4:e4b", "Gemma-4-E4B-it", "gemma-4-e4b-it:q8_0"])
      expect(resolve(world, name)).toMatchObject({ kind: "model", model: "gemma-4-e4b-it" });
    expect(resolve({ served: { "gemma4:e4b": 1 } }, "gemma-4-e4b-it")).toMatchObject({ model: "gemma4:e4b" });
  });

  it("is loaded by its id where those that served it by another name have left", () => {
    const alias = findModel(builtInCatalogue, "qwen3-8b")?.entry.aliases?.[0] ?? "";
    expect(alias).not.toBe("");
    const capacity = loads("qwen3-8b");
    expect(resolve({ served: { [alias]: 0 }, capacity }, alias)).toMatchObject({ model: "qwen3-8b" });
    expect(resolve({ served: { [alias]: 0 }, capacity }, "qwen3-8b")).toMatchObject({ model: "qwen3-8b" });
    expect(resolve({ served: { [alias]: 1 }, capacity }, alias)).toMatchObject({ model: alias });
    expect(resolve({ served: { [alias]: 0 } }, alias)).toMatchObject({ model: alias });
  });

  it("that a machine could have later says so", () => {
    const capacity: Capacity = {
      couldRun: () => ({ kind: "no", reason: "desk is not lent now", isForNow: true }),
    };
    expect(resolve({ capacity }, "qwen3-8b")).toMatchObject({
      kind: "impossible",
      later: { model: "qwen3-8b" },
    });
    expect(resolve({ capacity: loads() }, "qwen3-8b")).toMatchObject({ later: undefined });
  });

  it("is not answered by another file than was asked for", () => {
    const outlook = { variants: () => new Set(["qat-q4_0"]) };
    const world = { served: { "gemma-4-e4b-it": 2 }, outlook };
    expect(resolve(world, "gemma-4-e4b-it:qat-q4_0")).toMatchObject({ kind: "model", variant: "qat-q4_0" });
    expect(resolve(world, "gemma-4-e4b-it:q8_0")).toMatchObject({
      kind: "impossible",
      reason: expect.stringContaining("as qat-q4_0 and not as q8_0"),
    });
  });

  it("that nobody serves is one that the fleet could load, with the time that takes", () => {
    const world = { capacity: loads("gemma-4-12b-it") };
    expect(resolve(world, "gemma-4-12b")).toMatchObject({ model: "gemma-4-12b-it", loadMs: 20_000 });
    expect(resolve(world, "gemma-4-31b")).toEqual({
      kind: "impossible",
      code: "insufficient_capacity",
      reason: 'The model "gemma-4-31b" is known here, and cannot be had now: no GPU is large enough.',
    });
  });

  it("that is still loading is not waited for by what it cannot do", () => {
    const needs: ReadonlySet<Capability> = new Set(["vision"]);
    const capabilities = new Set<Capability>();
    const loading: World = { served: { "qwen3-8b": 0 }, capabilities };
    expect(resolve(loading, "qwen3-8b", { needs })).toMatchObject({ kind: "unable" });
    expect(resolve(loading, "qwen3-8b")).toMatchObject({ kind: "model", model: "qwen3-8b" });
  });

  it("is not loaded for what it cannot do", () => {
    const sees: Need = { needs: new Set(["chat", "vision"]) };
    expect(resolve({ capacity: loads("qwen3-8b") }, "qwen3-8b", sees)).toMatchObject({ kind: "unable" });
  });
});

describe("a family", () => {
  it("is its best member that is served", () => {
    const served = { "gemma-4-e2b-it": 1, "gemma-4-12b-it": 1, "gemma-4-31b-it": 0 };
    expect(resolve({ served }, "gemma-4")).toMatchObject({ model: "gemma-4-12b-it" });
    expect(resolve({ served }, "GEMMA-4")).toMatchObject({ model: "gemma-4-12b-it" });
  });

  it("is the best one that could be loaded where none is served", () => {
    const capacity = loads("gemma-4-e4b-it", "gemma-4-12b-it");
    expect(resolve({ capacity }, "gemma-4")).toMatchObject({ model: "gemma-4-12b-it", loadMs: 20_000 });
  });

  it("is a smaller member where a deadline says so, and a refusal where none can keep it", () => {
    const served = { "gemma-4-e4b-it": 1, "gemma-4-31b-it": 1 };
    const expectedMs: FleetOutlook["expectedMs"] = (model, { answer }) =>
      (answer / (model.includes("31b") ? 10 : 100)) * 1_000;
    const world = { served, outlook: { expectedMs } };
    const at = (deadlineMs: number) => resolve(world, "gemma-4", { ...chat, deadlineMs, maxTokens: 100 });
    expect(at(10_000)).toMatchObject({ model: "gemma-4-31b-it" });
    expect(at(9_999)).toMatchObject({ model: "gemma-4-e4b-it" });
    expect(at(999)).toMatchObject({
      kind: "impossible",
      code: "deadline_exceeded",
      reason: expect.stringMatching(
        /^No model of "gemma-4" can answer within 999 ms\. .*gemma-4-e4b-it: its answer/,
      ),
    });
  });

  it("is one that holds the prompt", () => {
    const served = { "gemma-4-e4b-it": 1, "gemma-4-31b-it": 1 };
    const outlook = { contextTokens: (model: string) => (model.includes("31b") ? 4_096 : 16_384) };
    expect(resolve({ served, outlook }, "gemma-4", { ...chat, promptTokens: 8_000 })).toMatchObject({
      model: "gemma-4-e4b-it",
    });
  });

  it("that cannot do what is needed says what it can do", () => {
    const need: Need = { needs: new Set(["chat", "audio"]) };
    const found = resolve({ served: { "gpt-oss-20b": 1 } }, "gpt-oss", need);
    expect(found.kind).toBe("unable");
  });

  it("of nobody is unknown", () => {
    expect(resolve({ served: { m: 1 } }, "nothing")).toEqual({ kind: "unknown" });
    expect(resolve({}, "gemma-4-e4b-it:q2_k")).toEqual({ kind: "unknown" });
  });
});

describe("auto", () => {
  it("is the largest chat model of all families that is served", () => {
    const served = { "qwen3-8b": 1, "gemma-4-12b-it": 1, "embeddinggemma-300m": 1, "tiny-gemma": 1 };
    expect(resolve({ served }, "auto")).toMatchObject({ model: "gemma-4-12b-it" });
  });

  it("is a model that the catalogue does not have where nothing else is there", () => {
    expect(resolve({ served: { mine: 1 } }, "auto")).toMatchObject({ model: "mine", entry: undefined });
    expect(resolve({ served: { mine: 1, "tiny-gemma": 1 } }, "auto")).toMatchObject({ model: "tiny-gemma" });
  });

  it("with nothing at all is impossible", () => {
    expect(resolve({}, "auto")).toMatchObject({ kind: "impossible", code: "insufficient_capacity" });
  });
});

describe("what can be asked for", () => {
  it("is listed: models that could be loaded, and families that have one", () => {
    const world = { served: { "gemma-4-e4b-it": 1 }, capacity: loads("gemma-4-12b-it", "qwen3-8b") };
    const resolver = resolverOf(world);
    expect(resolver.available().map(({ id }) => id)).toEqual(["gemma-4-12b-it", "qwen3-8b"]);
    expect(Object.fromEntries(resolver.families())).toEqual({
      "gemma-4": ["gemma-4-e4b-it", "gemma-4-12b-it"],
      "qwen-3": ["qwen3-8b"],
      auto: ["gemma-4-e4b-it", "gemma-4-12b-it", "qwen3-8b"],
    });
    expect(resolverOf({ served: { mine: 1 } }).families().size).toBe(0);
  });
});
