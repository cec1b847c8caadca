import { ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { batchState } from "../../core/batches/batch.ts";
import { timedId } from "../../core/batches/ids.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { BatchStore } from "./batch-store.ts";
import { testStore } from "./ingest.fixture.ts";

const day = 86_400_000;
const fileId = `file-${"0".repeat(32)}`;
const validated = { kind: "validated", atMs: 1, lines: 2, models: [{ model: "m", lines: 2 }] } as const;
const failed = { kind: "failed", atMs: 2, errors: [], errorCount: 1 } as const;

async function start() {
  const store = await testStore();
  const clock = new ManualClock();
  let made = 0;
  const newId = (prefix: "batch_") => timedId(prefix, clock.wallMs(), String(++made).padStart(20, "0"));
  const batches = new BatchStore({ store, clock, newId });
  const create = (tenant: string) =>
    batches.create({
      tenant,
      inputFileId: fileId,
      endpoint: "/v1/embeddings",
      completionWindow: "24h",
      windowMs: day,
      metadata: { team: "a" },
      outputExpiresAfterMs: undefined,
      options: { priority: "high", provenance: false, resultCache: true, webhookUrl: undefined },
    });
  return { store, clock, batches, create };
}

async function keysOf(store: ObjectStore, ...prefixes: readonly string[]): Promise<string[]> {
  const keys: string[] = [];
  for (const prefix of prefixes) for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

describe("batches in the store", () => {
  it("come back with all that has happened to them", async () => {
    const { clock, batches, create } = await start();
    clock.advance(1_000);
    const record = await create("design");
    expect(record).toMatchObject({ createdAtMs: 1_000, expiresAtMs: 1_000 + day });
    expect(await batches.load(record.id)).toEqual({ record, events: {}, isPaused: false });
    expect(await batches.active()).toEqual([record.id]);

    await batches.setPaused(record.id, true);
    expect(await batches.writeEvent(record.id, validated)).toEqual({ validated });
    expect(await batches.load(record.id)).toEqual({ record, events: { validated }, isPaused: true });
    await batches.setPaused(record.id, false);
    expect((await batches.load(record.id))?.isPaused).toBe(false);
    await batches.deactivate(record.id);
    expect(await batches.active()).toEqual([]);
  });

  it("are their tenant's alone, and ids that are none are not there", async () => {
    const { batches, create } = await start();
    const { id } = await create("design");
    expect((await batches.get("design", id)).id).toBe(id);
    await expect(batches.get("lab", id)).rejects.toMatchObject({ code: "not_found" });
    for (const wrong of ["", "..", "batch_../../x", `batch_${"0".repeat(31)}`]) {
      await expect(batches.get("design", wrong)).rejects.toMatchObject({ code: "not_found" });
      expect(await batches.load(wrong)).toBeUndefined();
    }
  });

  it("are listed newest first, page by page", async () => {
    const { clock, batches, create } = await start();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      ids.unshift((await create("design")).id);
      clock.advance(1);
    }
    await create("lab");
    const seen: string[] = [];
    for (let hasMore = true; hasMore; ) {
      const page = await batches.list("design", { after: seen.at(-1), limit: 2 });
      seen.push(...page.records.map(({ id }) => id));
      hasMore = page.hasMore;
    }
    expect(seen).toEqual(ids);
  });

  it("keep the first event of each kind, of 20 at once too", async () => {
    const { batches, create } = await start();
    const { id } = await create("design");
    const written = await Promise.all(
      Array.from({ length: 20 }, (_none, atMs) => batches.writeEvent(id, { kind: "cancelling", atMs })),
    );
    const { events } = (await batches.load(id)) ?? { events: {} };
    for (const seen of written) expect(seen).toEqual(events);
  });

  it("are found good or bad once: what was found first stays", async () => {
    const { batches, create } = await start();
    const good = await create("design");
    await batches.writeEvent(good.id, validated);
    expect(batchState(await batches.writeEvent(good.id, failed))).toBe("in_progress");
    const bad = await create("design");
    await batches.writeEvent(bad.id, failed);
    expect(batchState(await batches.writeEvent(bad.id, validated))).toBe("failed");
  });

  it("say which input files they still read", async () => {
    const { batches, create } = await start();
    const { id } = await create("design");
    expect(await batches.inputsInUse()).toEqual(new Set([fileId]));
    await batches.writeEvent(id, failed);
    expect(await batches.inputsInUse()).toEqual(new Set());
    await create("design");
    expect(await batches.inputsInUse()).toEqual(new Set([fileId]));
  });

  it("go 30 days after they were over, and no sooner", async () => {
    const { store, clock, batches, create } = await start();
    const over = await create("design");
    const running = await create("design");
    await store.put(objectKeys.lineIndex(over.id), new Uint8Array(28));
    const log = store.openLog(objectKeys.segment(over.id, "w1"));
    await log.append(new Uint8Array(10));
    await log.close();
    clock.advance(5 * day);
    await batches.writeEvent(over.id, { ...failed, atMs: clock.wallMs() });
    await batches.deactivate(over.id);
    clock.advance(30 * day);
    await batches.sweep(clock.wallMs());
    expect(await batches.load(over.id)).toBeDefined();
    clock.advance(1);
    const young = await create("design");
    await batches.sweep(clock.wallMs());
    expect(await batches.load(over.id)).toBeUndefined();
    const left = await keysOf(store, "batches/", "tenants/", "active/");
    expect(left.filter((key) => key.includes(over.id))).toEqual([]);
    for (const { id } of [running, young]) expect(await batches.load(id)).toBeDefined();
    expect(await batches.active()).toEqual([running.id, young.id]);
  });

  it("that a crash cut off at their creation are no batches, and are swept", async () => {
    const { store, clock, batches, create } = await start();
    const { id } = await create("design");
    await store.remove(objectKeys.batchRecord(id));
    expect((await batches.list("design", { after: undefined, limit: 10 })).records).toEqual([]);
    await batches.sweep(clock.wallMs() + day);
    expect(await batches.active()).toEqual([id]);
    await batches.sweep(clock.wallMs() + day + 1);
    expect(await batches.active()).toEqual([]);
  });
});
