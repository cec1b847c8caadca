import { MusterError } from "@muster/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { objectKeys } from "../../core/batches/keys.ts";
import { fileId, ingest, line, nothingServed, resolvedTo, testStore } from "./ingest.fixture.ts";
import type { ServedNow } from "./ingest-line.ts";

describe("good input of a batch", () => {
  it("is indexed: every line lies where its entry says", async () => {
    const store = await testStore();
    const text = fc.string({ unit: "grapheme", maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          text.filter((id) => id !== ""),
          { minLength: 1, maxLength: 30 },
        ),
        fc.array(fc.constantFrom("", " ", "\t"), { maxLength: 5 }),
        fc.constantFrom("\n", "\r\n"),
        async (ids, blanks, end) => {
          const lines = [...blanks, ...ids.map((id) => line(id))];
          const content = lines.join(end);
          const { outcome, entries } = await ingest(content, { store });
          expect(outcome).toEqual({
            kind: "validated",
            lines: ids.length,
            models: [{ model: "chat", lines: ids.length }],
          });
          const bytes = Buffer.from(content);
          const found = (entries ?? []).map(({ offset, length, lineNumber }) => ({
            text: bytes.subarray(offset, offset + length).toString(),
            lineNumber,
          }));
          expect(found).toEqual(
            ids.map((id, index) => ({ text: line(id), lineNumber: blanks.length + index + 1 })),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it("numbers its models in the order in which they come, and counts their lines", async () => {
    const of = (id: string, model: string) =>
      line(id, { body: { model, messages: [{ role: "user", content: "x" }] } });
    const content = [of("1", "small"), of("2", "chat"), of("3", "small")].join("\n");
    const { outcome, entries } = await ingest(content);
    expect(outcome).toMatchObject({
      models: [
        { model: "small", lines: 2 },
        { model: "chat", lines: 1 },
      ],
    });
    expect(entries?.map(({ model }) => model)).toEqual([0, 1, 0]);
  });

  it("says which lines begin alike, and what each should cost", async () => {
    const long = "You answer in rhymes. ".repeat(60);
    const asked = (id: string, system: string, user: string) =>
      line(id, {
        body: {
          model: "chat",
          max_tokens: 100,
          messages: [
            { role: "system", content: system },
            { role: "user", content: user },
          ],
        },
      });
    const content = [asked("1", long, "a"), asked("2", long, "b"), asked("3", "Short.", "a")].join("\n");
    const { entries } = await ingest(content);
    const [first, second, third] = entries ?? [];
    expect(first?.prefix).toBe(second?.prefix);
    expect(first?.prefix).not.toBe(0);
    expect(third?.prefix).toBe(0);
    expect(third?.estimatedTokens).toBe(Math.ceil("Short.a".length / 4) + 100);
  });

  it("of more than one piece of the index is whole", async () => {
    const lines = Array.from({ length: 5_000 }, (_none, index) => line(`id-${index}`));
    const { outcome, entries } = await ingest(lines.join("\n"));
    expect(outcome).toMatchObject({ kind: "validated", lines: 5_000 });
    expect(entries?.map(({ lineNumber }) => lineNumber)).toEqual(lines.map((_line, index) => index + 1));
  });
});

describe("a family in the lines of a batch", () => {
  const ask = (id: string, model: string, content: unknown = "x") =>
    line(id, { body: { model, messages: [{ role: "user", content }] } });
  const picture = [
    { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } },
    { type: "text", text: "What is this?" },
  ];

  it("is one model for all lines that need the same, however the fleet changes meanwhile", async () => {
    const asked: string[] = [];
    const served: ServedNow = {
      ...nothingServed,
      list: () => ["small"],
      resolve(name, { needs }) {
        asked.push(`${name} ${[...needs].join()}`);
        return resolvedTo(needs.has("vision") ? "seeing" : `model-${asked.length}`);
      },
    };
    const content = [
      ask("1", "family"),
      ask("2", "family"),
      ask("3", "family", picture),
      ask("4", "family"),
      ask("5", "other"),
    ];
    const { outcome, entries } = await ingest(content.join("\n"), { served });
    expect(asked).toEqual(["family chat", "family chat,vision", "other chat"]);
    expect(outcome).toMatchObject({
      models: [
        { model: "model-1", lines: 3 },
        { model: "seeing", lines: 1 },
        { model: "model-3", lines: 1 },
      ],
    });
    expect(entries?.map(({ model }) => model)).toEqual([0, 0, 1, 0, 2]);
  });

  it("that no machine can run is told of by line, with the reason", async () => {
    const served: ServedNow = {
      ...nothingServed,
      list: () => ["small"],
      resolve: () => ({
        kind: "impossible",
        code: "insufficient_capacity",
        reason: "No GPU is large enough.",
      }),
    };
    const { outcome } = await ingest(ask("1", "gemma-4"), { served });
    expect(outcome).toMatchObject({
      kind: "failed",
      errors: [
        { code: "insufficient_capacity", message: "No GPU is large enough.", param: "model", line: 1 },
      ],
    });
    const atNight = (model: string | undefined): ServedNow => ({
      ...served,
      resolve: () => ({
        kind: "impossible",
        code: "insufficient_capacity",
        reason: "desk could hold it, and is not lent now.",
        later: { model },
      }),
    });
    const waits = await ingest(ask("1", "gemma-4-12b"), { served: atNight("gemma-4-12b") });
    expect(waits.outcome).toMatchObject({ models: [{ model: "gemma-4-12b", lines: 1 }] });
    await expect(ingest(ask("1", "auto"), { served: atNight(undefined) })).rejects.toMatchObject({
      code: "not_ready",
      message: expect.stringContaining("is not lent now"),
    });
    const empty: ServedNow = { ...served, list: () => [] };
    await expect(ingest(ask("1", "gemma-4"), { served: empty })).rejects.toMatchObject({ code: "not_ready" });
  });
});

describe("reading the input of a batch", () => {
  it("stops when it is told to, and leaves no index", async () => {
    const store = await testStore();
    const lines = Array.from({ length: 20_000 }, (_none, index) => line(`id-${index}`));
    const signal = AbortSignal.abort();
    const stopped = ingest(lines.join("\n"), { store, signal });
    await expect(stopped).rejects.toMatchObject({ code: "cancelled" });
    expect(await store.get("batches/batch_00000000000000000000000000000002/lines.index")).toBeUndefined();
  });

  it("lets others have their turn", async () => {
    const lines = Array.from({ length: 20_000 }, (_none, index) => line(`id-${index}`));
    const store = await testStore();
    let turns = 0;
    let isDone = false;
    const turn = () => {
      turns += 1;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    await ingest(lines.join("\n"), { store });
    isDone = true;
    expect(turns).toBeGreaterThan(20);
  });

  it("that the store breaks off is no fault of the input", async () => {
    const store = await testStore();
    const broken = {
      ...bound(store),
      async *read() {
        yield Buffer.from("no JSON\n");
        throw new MusterError("store_unavailable", "The store is away.");
      },
    };
    await expect(ingest("x", { store: broken })).rejects.toMatchObject({ code: "store_unavailable" });
  });

  it("waits for the first worker: until then no model is known, and none unknown", async () => {
    await expect(ingest(line("a"), { served: nothingServed })).rejects.toMatchObject({ code: "not_ready" });
    const broken = await ingest("no JSON", { served: nothingServed });
    expect(broken.outcome).toMatchObject({ kind: "failed", errors: [{ code: "invalid_json_line" }] });
  });

  it("fails the batch where the file is gone", async () => {
    const store = await testStore();
    const gone = {
      ...bound(store),
      async *read(): AsyncGenerator<Uint8Array> {
        await store.remove(objectKeys.fileContent(fileId));
        yield* store.read(objectKeys.fileContent(fileId));
      },
    };
    const { outcome } = await ingest("x", { store: gone });
    expect(outcome).toMatchObject({ kind: "failed", errors: [{ code: "input_file_not_found" }] });
  });
});

/** Its methods, for a test to replace some. */
function bound(store: Awaited<ReturnType<typeof testStore>>) {
  return {
    put: store.put.bind(store),
    putIfAbsent: store.putIfAbsent.bind(store),
    head: store.head.bind(store),
    get: store.get.bind(store),
    read: store.read.bind(store),
    list: store.list.bind(store),
    remove: store.remove.bind(store),
    removeAll: store.removeAll.bind(store),
    openLog: store.openLog.bind(store),
    freeBytes: store.freeBytes.bind(store),
    close: store.close.bind(store),
  };
}
