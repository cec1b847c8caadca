import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createPauseFile } from "./pause-file.ts";

describe("the file of a pause", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "muster-pause-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const file = () => join(directory, "pause.json");

  it("gives back what was written last, and nothing where there is none", async () => {
    const store = createPauseFile(file());
    expect(await store.read()).toBeUndefined();
    const writes = [store.write({ untilMs: 5 }), store.write(undefined), store.write({ untilMs: undefined })];
    await Promise.all(writes);
    expect(await store.read()).toEqual({ untilMs: undefined });
    await store.write({ untilMs: 1_764_400_000_000 });
    expect(await createPauseFile(file()).read()).toEqual({ untilMs: 1_764_400_000_000 });
    await store.write(undefined);
    expect(await store.read()).toBeUndefined();
  });

  it.each(["", "{", "null", '"x"', "{}", '{"untilMs":"soon"}', '{"untilMs":1e999}', '{"untilMs":9e15}'])(
    "is a pause without end where it holds %j: a machine that was paused is not lent because of a damaged file",
    async (text) => {
      await writeFile(file(), text);
      expect(await createPauseFile(file()).read()).toEqual({ untilMs: undefined });
    },
  );
});
