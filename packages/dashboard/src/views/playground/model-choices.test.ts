import type { Model } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { badgesOf, findChoice, firstChoice, modelChoicesOf } from "./model-choices.ts";

const model = (id: string, rest: Partial<Model>): Model => ({
  ...{ id, object: "model", created: 0, owned_by: "muster", ...rest },
});
const chat = ["chat", "structured_output", "vision"];

describe("the models to choose from", () => {
  const choices = modelChoicesOf([
    model("loading", { state: "served", slots: 0, capabilities: [] }),
    model("vectors", { state: "served", slots: 4, capabilities: ["embedding"] }),
    model("here", { state: "served", slots: 4, capabilities: chat }),
    model("gemma-4", { family: true, members: ["a"], state: "available", slots: 0, capabilities: chat }),
    model("later", { state: "available", slots: 0, capabilities: chat }),
  ]);

  it("are those that chat, and those that are on their way into memory", () => {
    expect(choices.served.map(({ id, isReady }) => [id, isReady])).toEqual([
      ["loading", false],
      ["here", true],
    ]);
    expect(choices.families.map(({ id }) => id)).toEqual(["gemma-4"]);
    expect(choices.available.map(({ id }) => id)).toEqual(["later"]);
  });

  it("begin with one that a worker has", () => {
    expect(firstChoice(choices)?.id).toBe("loading");
    expect(firstChoice({ served: [], families: choices.families, available: [] })?.id).toBe("gemma-4");
    expect(firstChoice(modelChoicesOf([]))).toBeUndefined();
  });

  it("say what they can do in words", () => {
    const here = findChoice(choices, "here");
    expect(here && badgesOf(here)).toEqual(["vision", "JSON"]);
    expect(findChoice(choices, "vectors")).toBeUndefined();
  });
});
