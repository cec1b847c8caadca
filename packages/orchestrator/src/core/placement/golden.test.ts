import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { defaultPlacementPolicy } from "./fleet-state.ts";
import { actionInWords, readFleetText } from "./fleet-text.fixture.ts";
import { place } from "./place.ts";

const folder = fileURLToPath(new URL("golden/", import.meta.url));

describe("place, on fleets as administrators know them", () => {
  const files = readdirSync(folder).sort();

  it("has them", () => {
    expect(files.length).toBeGreaterThanOrEqual(12);
  });

  it.each(files)("%s", (file) => {
    const { state, expected } = readFleetText(readFileSync(`${folder}${file}`, "utf8"));
    const plan = place(state, defaultPlacementPolicy);
    const words = [
      ...plan.actions.map((action) => actionInWords(action, state)),
      ...plan.unmet.map(({ model, kind, reason }) => `unmet ${model}, ${kind}: ${reason}`),
    ];
    expect(words).toEqual(expected);
  });
});
