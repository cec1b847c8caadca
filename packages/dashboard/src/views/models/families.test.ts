import type { CatalogueModel } from "@muster/sdk";
import { expect, test } from "vitest";
import { familiesOf, loadedCounts } from "./families.ts";

const model = (id: string, family: string, parameters: number, fields: Partial<CatalogueModel> = {}) =>
  ({
    id,
    title: id,
    family,
    parameters,
    kind: "chat",
    capabilities: ["chat"],
    aliases: [],
    loaded: [],
    pin: null,
    ...fields,
  }) as CatalogueModel;
const on = (state: string) => ({ worker: "desk-1", state }) as CatalogueModel["loaded"][0];
const any = { text: "", isInUse: false };

const models = [
  model("gemma-31b", "gemma-4", 31e9),
  model("gemma-4b", "gemma-4", 4e9, { aliases: ["gemma"] }),
  model("qwen-9b", "qwen", 9e9, { loaded: [on("ready"), on("fetching"), on("failed")] }),
  model("bge", "bge", 1e8, { kind: "embedding", capabilities: ["embedding"] }),
];
const shown = (families: ReturnType<typeof familiesOf>) =>
  families.map(({ name, models: members }) => `${name}: ${members.map(({ id }) => id).join(" ")}`);

test("families in use come first, and members grow", () => {
  expect(shown(familiesOf(models, any))).toEqual([
    "qwen: qwen-9b",
    "bge: bge",
    "gemma-4: gemma-4b gemma-31b",
  ]);
});

test("models are found by what they can do and by other names", () => {
  expect(shown(familiesOf(models, { ...any, text: "embed" }))).toEqual(["bge: bge"]);
  expect(shown(familiesOf(models, { ...any, text: "GEMMA 4b" }))).toEqual(["gemma-4: gemma-4b"]);
});

test("what is pinned is in use, loaded or not", () => {
  const pinned = model("gemma-4b", "gemma-4", 4e9, { pin: { replicas: 1, labels: {} } });
  expect(shown(familiesOf([...models.slice(2), pinned], { ...any, isInUse: true }))).toEqual([
    "gemma-4: gemma-4b",
    "qwen: qwen-9b",
  ]);
});

test("replicas that are ready and those on their way are told apart", () => {
  expect(loadedCounts(models[2] as CatalogueModel)).toEqual({ ready: 1, coming: 1 });
});
