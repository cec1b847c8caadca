import type { CatalogueModel, LiveReplica, LiveWorker } from "@muster/sdk";
import { expect, test } from "vitest";
import { leadOf, matchingOutside, outsideModelsOf } from "./outside.ts";

const known = { id: "gemma-4b", aliases: ["gemma"], loaded: [], pin: null } as unknown as CatalogueModel;
const replica = (model: string, fields: Partial<LiveReplica> = {}) =>
  ({ id: `${model}-1`, model, state: "ready", slots: 4, slots_used: 1, ...fields }) as LiveReplica;
const worker = (name: string, replicas: readonly LiveReplica[], state = "ready") =>
  ({ id: `id-${name}`, name, state, replicas }) as LiveWorker;

const shown = (workers: readonly LiveWorker[]) =>
  outsideModelsOf(workers, [known]).map(
    ({ model, places, slots, slotsUsed }) =>
      `${model}: ${slotsUsed}/${slots} on ${places.map((place) => place.worker.name).join(" ")}`,
  );

test("what workers serve by names that the catalogue does not know is found, with where and how many slots", () => {
  const workers = [
    worker("desk-10", [replica("own-model"), replica("gemma")]),
    worker("desk-2", [replica("own-model", { slots: 2, slots_used: 0 }), replica("gemma-4b")]),
    worker("rack-1", [replica("a-path.gguf")]),
  ];
  expect(shown(workers)).toEqual(["a-path.gguf: 1/4 on rack-1", "own-model: 1/6 on desk-2 desk-10"]);
});

test("what is on its way is shown and offers no slots yet, and what is gone is not shown", () => {
  const workers = [
    worker("desk-1", [replica("coming", { state: "loading", slots_used: 0 })]),
    worker("desk-2", [replica("left", { state: "unloaded" })]),
    worker("desk-3", [replica("away")], "lost"),
  ];
  expect(shown(workers)).toEqual(["coming: 0/0 on desk-1"]);
});

test("they are searched by name, and are in use as they are there", () => {
  const outside = outsideModelsOf([worker("desk-1", [replica("Own-Model"), replica("other")])], [known]);
  const found = matchingOutside(outside, { text: "own MODEL", isInUse: true });
  expect(found.map(({ model }) => model)).toEqual(["Own-Model"]);
  expect(matchingOutside(outside, { text: "", isInUse: true })).toHaveLength(2);
});

test("the page says of them how many there are", () => {
  const one = outsideModelsOf([worker("desk-1", [replica("own-model")])], [known]);
  expect(leadOf([known], [])).toBe("1 model can be asked for by name; none is loaded or pinned now.");
  expect(leadOf([known], one)).toBe(
    "1 model can be asked for by name; none is loaded or pinned now. Workers serve 1 more model that is not in the catalogue.",
  );
});
