import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { createDiskObjectStore } from "../../adapters/disk/object-store.ts";
import { createMemoryCommitLedger } from "../../adapters/memory/commit-ledger.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { answer, batchId, claim, commitPath, linesOf, TestFiles, writeInput } from "./commit-path.fixture.ts";
import { rebuildLedger } from "./rebuild.ts";

const lines = 300;
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

it("two processes on one directory: a torn piece, a lost ledger, and every line once, in order", async () => {
  const directory = await mkdtemp(join(tmpdir(), "muster-commits-"));
  folders.push(directory);
  // Pieces end within the batch, too.
  const store = createDiskObjectStore({ directory, pieceBytes: 20_000 });
  const path = commitPath(store, createMemoryCommitLedger());
  await writeInput(store, lines);
  await rebuildLedger(path, { batchId, lines });
  const [a, b] = [path.openDesk().desk, path.openDesk().desk];
  const run = async (desk: typeof a, first: number, gen: number) => {
    const verdicts: Promise<string>[] = [];
    for (let line = first; line < lines; line += 3)
      verdicts.push(desk.submit(batchId, answer(line, await claim(path.ledger, line, gen))));
    expect(new Set(await Promise.all(verdicts))).toEqual(new Set(["ok"]));
  };
  await Promise.all([run(a, 0, 1), run(b, 1, 1)]);
  const { cursor } = await path.follow(undefined);
  await a.release(batchId);

  // `b` dies in the middle of a write, and Redis loses its memory.
  const log = join(directory, objectKeys.segment(batchId, "orc-2-1"));
  const last = join(log, (await readdir(log)).sort().at(-1) ?? "");
  const whole = await readFile(last);
  await writeFile(last, Buffer.concat([whole, whole.subarray(0, 150)]));
  path.ledger.lose();
  expect(await rebuildLedger(path, { batchId, lines })).toBe(2);
  expect((await path.ledger.state(batchId))?.totals.completed).toBe(200);
  await run(a, 2, 2);
  await a.close();

  const files = new TestFiles();
  const sealed = await path.finalize(lines, "completed", files);
  const output = linesOf(files.text(sealed.outputFileId));
  expect(output.map(({ custom_id }) => custom_id)).toEqual(
    Array.from({ length: lines }, (_none, line) => `id-${line}`),
  );
  expect(sealed.usage.promptTokens).toBe(
    output.reduce((sum, { usage }) => sum + (usage?.promptTokens ?? 0), 0),
  );
  const { seen } = await path.follow(cursor);
  expect(new Set(seen)).toEqual(new Set(files.text(sealed.outputFileId).split("\n").slice(0, -1)));
});
