import { describe, expect, it } from "vitest";
import { createMemoryCommitLedger } from "../../adapters/memory/commit-ledger.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { LineResult } from "../../core/batches/line-result.ts";
import { encodeGroup } from "../../core/batches/segment-record.ts";
import {
  answer,
  batchId,
  claim,
  commitPath,
  digest,
  linesOf,
  record,
  TestFiles,
  writeInput,
} from "./commit-path.fixture.ts";
import { finalizeBatch } from "./finalize.ts";
import { rebuildLedger } from "./rebuild.ts";
import { MemoryObjectStore } from "./store.fixture.ts";

const lines = 6;

async function start() {
  const store = new MemoryObjectStore();
  const path = commitPath(store, createMemoryCommitLedger());
  await writeInput(store, lines);
  await rebuildLedger(path, { batchId, lines });
  const { desk } = path.openDesk();
  const run = async (line: number, outcome: LineResult["outcome"] = "completed", gen = 1) => {
    const result = answer(line, await claim(path.ledger, line, gen), outcome);
    return { result, verdict: await desk.submit(batchId, result) };
  };
  return { ...path, store, desk, run };
}

/** Writes records as a process long gone would have. */
async function writePiece(
  store: MemoryObjectStore,
  name: string,
  results: readonly LineResult[],
  commits: Parameters<typeof encodeGroup>[1],
) {
  const group = encodeGroup(
    results.map((result) => ({ result, sha256: digest(result.body) })),
    commits,
  );
  await store.put(`${objectKeys.segments(batchId)}${name}`, group.bytes);
  return group.places.map((place) => ({ piece: name, ...place }));
}

describe("putting a batch together", () => {
  it("writes answers, errors and provenance in the order of the input, under ids that follow from the batch", async () => {
    const path = await start();
    for (const line of [5, 1, 3]) await path.run(line);
    for (const line of [4, 0]) await path.run(line, "failed");
    const files = new TestFiles();
    const sealed = await path.finalize(lines, "cancelled", files);
    expect(sealed.counts).toEqual({ total: 6, completed: 3, failed: 2 });
    expect(linesOf(files.text(sealed.outputFileId)).map(({ custom_id }) => custom_id)).toEqual([
      "id-1",
      "id-3",
      "id-5",
    ]);
    const errors = linesOf(files.text(sealed.errorFileId));
    expect(errors.map(({ custom_id }) => custom_id)).toEqual(["id-0", "id-2", "id-4"]);
    expect(errors[1]).toEqual({
      id: `batch_req_${digest(`${batchId}:2`).slice(0, 32)}`,
      custom_id: "id-2",
      response: null,
      error: { code: "batch_cancelled", message: expect.stringContaining("cancelled") },
    });
    expect(linesOf(files.text(sealed.provenanceFileId))).toEqual(
      [0, 1, 3, 4, 5].map((line) => ({ custom_id: `id-${line}`, line: 2 * line + 2, attempts: 1 })),
    );
    expect(sealed.outputFileId).toBe(`file-000000000bb8${digest(`${batchId}output`).slice(0, 20)}`);
    const written = [...files.versions.values()].map(([file]) => file);
    expect(written.map((file) => file?.filename)).toEqual(
      ["output", "error", "provenance"].map((kind) => `${batchId}_${kind}.jsonl`),
    );
    expect(written.map((file) => file?.expiresAtMs)).toEqual(
      Array.from({ length: 3 }, () => 3_000 + 30 * 86_400_000),
    );
  });

  it("leaves out the files that would be empty", async () => {
    const path = await start();
    for (let line = 0; line < lines; line++) await path.run(line, "failed");
    const sealed = await path.finalize(lines, "completed");
    expect(sealed).toMatchObject({ outputFileId: undefined, counts: { completed: 0, failed: 6 } });
  });

  it("gives no files for a batch that was cancelled before its lines were known", async () => {
    const path = await start();
    const events = { finalizing: { kind: "finalizing", atMs: 5, outcome: "cancelled" } } as const;
    const deps = { ...path, clock: path.openDesk().clock, files: new TestFiles() };
    expect(await finalizeBatch(deps, { record, events })).toMatchObject({
      counts: { total: 0, completed: 0, failed: 0 },
      outputFileId: undefined,
      errorFileId: undefined,
      provenanceFileId: undefined,
    });
  });

  it("sees what leaves the ledger for a segment while it reads", async () => {
    const path = await start();
    // Two tries, and the ledger takes the newer one: without its word the older would stand there.
    const older = answer(0, await claim(path.ledger, 0, 1));
    const newer = answer(0, await claim(path.ledger, 0, 1));
    expect(await path.desk.submit(batchId, newer)).toBe("ok");
    expect(await path.desk.submit(batchId, older)).toBe("lost");
    const { close, unfolded } = path.ledger;
    for (const moment of ["before", "after"] as const) {
      const ledger = {
        ...path.ledger,
        close: async (id: string) => {
          await close(id);
          if (moment === "before") await path.desk.release(batchId);
        },
        unfolded: async (id: string) => {
          const held = await unfolded(id);
          if (moment === "after") await path.desk.release(batchId);
          return held;
        },
      };
      path.store.objects.delete(objectKeys.finalIndex(batchId));
      const files = new TestFiles();
      const { finalize } = commitPath(path.store, ledger);
      const sealed = await finalize(lines, "expired", files);
      expect(linesOf(files.text(sealed.outputFileId))[0]?.token).toEqual(newer.token);
    }
  });

  it("does not take an empty ledger's word when the ledger was lost while it was asked", async () => {
    const path = await start();
    await path.run(0);
    let losses = 0;
    const ledger = {
      ...path.ledger,
      unfolded: async () => {
        if (losses++ === 0) path.ledger.lose();
        return [];
      },
    };
    const sealed = await commitPath(path.store, ledger).finalize(lines, "expired");
    expect(losses).toBe(1);
    expect(sealed.counts.completed).toBe(1);
    const restless = {
      ...path.ledger,
      state: async () => ({ ...(await path.ledger.state("")), gen: losses++ }),
    };
    path.store.objects.delete(objectKeys.finalIndex(batchId));
    await expect(commitPath(path.store, restless as never).finalize(lines, "expired")).rejects.toMatchObject({
      code: "store_unavailable",
    });
  });

  it("gives everybody the same files, who puts it together at the same time", async () => {
    const path = await start();
    for (let line = 0; line < lines; line++) await path.run(line);
    const files = new TestFiles();
    const all = await Promise.all([1, 2, 3].map(() => path.finalize(lines, "completed", files)));
    expect(new Set(all.map((sealed) => JSON.stringify(sealed))).size).toBe(1);
    for (const versions of files.versions.values()) {
      expect(versions).toHaveLength(3);
      expect(new Set(versions.map(({ text }) => text)).size).toBe(1);
    }
  });

  it("goes by the first index, whatever is written afterwards", async () => {
    const path = await start();
    await path.run(1);
    const files = new TestFiles();
    await path.finalize(lines, "expired", files);
    path.ledger.lose();
    await writePiece(path.store, "aaa-1/000000", [answer(2, { gen: 1, epoch: 1 })], []);
    await path.finalize(lines, "expired", files);
    for (const versions of files.versions.values())
      expect(new Set(versions.map(({ text }) => text)).size).toBe(1);
  });

  it("lets commit records of an older generation count for nothing", async () => {
    const path = await start();
    path.ledger.lose();
    expect(await rebuildLedger(path, { batchId, lines })).toBe(2);
    // A process that was cut off brings what an old ledger took only now.
    const stray = answer(0, { gen: 1, epoch: 1 });
    const [pointer] = await writePiece(path.store, "aaa-1/000000", [stray], []);
    if (pointer === undefined) throw new Error("nothing written");
    await writePiece(path.store, "aaa-1/000001", [], [{ line: 0, token: stray.token, pointer }]);
    const { result, verdict } = await path.run(0, "completed", 2);
    expect(verdict).toBe("ok");
    await path.desk.release(batchId);
    const files = new TestFiles();
    const sealed = await path.finalize(lines, "expired", files);
    expect(linesOf(files.text(sealed.outputFileId))[0]?.token).toEqual(result.token);
  });

  it("refuses to leave out a line that was answered, and says which", async () => {
    const path = await start();
    for (let line = 0; line < lines; line++) await path.run(line);
    await path.desk.release(batchId);
    const [key] = [...path.store.objects.keys()].filter((name) => name.includes("/segments/"));
    const bytes = path.store.objects.get(key ?? "");
    if (key === undefined || bytes === undefined) throw new Error("nothing written");
    const whole = bytes.slice();
    // A byte of the first body.
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    const committed = path.finalize(lines, "completed");
    await expect(committed).rejects.toMatchObject({ code: "internal" });
    await expect(committed).rejects.toThrow(/line 0 .*orc-1-1\/000000 at byte 0/);
    path.store.objects.delete(key);
    path.ledger.lose();
    await expect(path.finalize(lines, "completed")).rejects.toThrow(/line 0 .*no segment has its result/);
    path.store.objects.set(key, whole);
    expect((await path.finalize(lines, "completed")).counts.completed).toBe(6);
    path.store.objects.set(key, bytes);
    await expect(path.finalize(lines, "completed")).rejects.toThrow(/another SHA-256/);
  });

  it("does not begin before the batch's lines are closed", async () => {
    const path = await start();
    const deps = { ...path, clock: path.openDesk().clock, files: new TestFiles() };
    await expect(finalizeBatch(deps, { record, events: {} })).rejects.toMatchObject({ code: "internal" });
  });
});
