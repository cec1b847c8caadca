import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addUsage, type LineUsage, noUsage } from "../../core/batches/batch.ts";
import { linesOf, type OutputLine, TestFiles, writeInput } from "./commit-path.fixture.ts";
import { lines, step, World } from "./commit-path-world.fixture.ts";

function customIds(from: readonly OutputLine[]): number[] {
  return from.map(({ custom_id }) => Number(custom_id.slice(3)));
}

/** Every line once, in order, and usage and counts as the files have them. */
async function checkFiles(world: World, outcome: "completed" | "expired", files = new TestFiles()) {
  const sealed = await world.path.finalize(lines, outcome, files);
  const output = linesOf(files.text(sealed.outputFileId));
  const errors = linesOf(files.text(sealed.errorFileId));
  for (const ids of [customIds(output), customIds(errors)])
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  const all = [...customIds(output), ...customIds(errors)].sort((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: lines }, (_none, line) => line));
  const answered = [...output, ...errors].filter(({ usage }) => usage !== undefined);
  const usage = answered.reduce<LineUsage>((sum, line) => addUsage(sum, line.usage ?? noUsage), noUsage);
  expect(sealed.usage).toEqual(usage);
  expect(sealed.counts).toEqual({
    total: lines,
    completed: output.length,
    failed: answered.length - output.length,
  });
  const unrun = errors.filter(({ response }) => response === null);
  expect(new Set(unrun.map(({ error }) => error?.code))).toEqual(
    new Set(unrun.length > 0 ? ["batch_expired"] : []),
  );
  if (outcome === "completed") expect(unrun).toEqual([]);
  return { sealed, answered };
}

describe("results on their way to the files", () => {
  it("are each there once, whatever dies and whatever is lost", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.constantFrom("completed" as const, "expired" as const),
        fc.boolean(),
        async (steps, outcome, losesAtTheEnd) => {
          const world = new World();
          await writeInput(world.store, lines);
          await world.openLedger(1);
          for (const one of steps) await world.take(one);
          if (outcome === "completed") await world.finish();
          const { taken } = world;
          if (losesAtTheEnd) {
            world.path.ledger.lose();
            taken.clear();
          }
          const files = new TestFiles();
          const { sealed, answered } = await checkFiles(world, outcome, files);
          // What the ledger took is what stands there.
          const tokens = new Map(answered.map(({ custom_id, token }) => [Number(custom_id.slice(3)), token]));
          for (const [line, token] of taken) expect(tokens.get(line)).toEqual(token);
          // Whoever does it again, even after all else is lost, writes the same.
          world.path.ledger.lose();
          expect({ ...(await world.path.finalize(lines, outcome, files)), atMs: 0 }).toEqual({
            ...sealed,
            atMs: 0,
          });
          for (const versions of files.versions.values())
            expect(new Set(versions.map(({ text }) => text)).size).toBe(1);
          // Followers get every answer.
          await world.follow();
          const followed = new Set(customIds(world.followed.map((text) => JSON.parse(text) as OutputLine)));
          expect(followed).toEqual(new Set(customIds(answered)));
        },
      ),
      { numRuns: 300 },
    );
  }, 120_000);
});
