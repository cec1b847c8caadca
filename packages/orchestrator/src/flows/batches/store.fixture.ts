import { deferred, MusterError } from "@muster/base";
import type { AppendLog, ObjectInfo, ObjectStore } from "../../ports/object-store.ts";

/** What is to happen to an append. `torn`: half of it lands at the end of the piece, and it fails. */
export type AppendFate = "done" | "fails" | "torn" | "done-then-silence" | "silence";

const chunkBytes = 3_000;

/** An object store in memory that fails where a test says so. */
export class MemoryObjectStore implements ObjectStore {
  readonly objects = new Map<string, Uint8Array>();
  /** Asked before each append. */
  fate: () => AppendFate = () => "done";

  async put(
    key: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<{ readonly bytes: number }> {
    const parts: Uint8Array[] = [];
    if (content instanceof Uint8Array) parts.push(content);
    else for await (const part of content) parts.push(part.slice());
    const bytes = new Uint8Array(Buffer.concat(parts));
    this.objects.set(key, bytes);
    return { bytes: bytes.length };
  }

  async putIfAbsent(key: string, content: Uint8Array): Promise<boolean> {
    if (this.objects.has(key)) return false;
    this.objects.set(key, content.slice());
    return true;
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const bytes = this.objects.get(key);
    return bytes === undefined ? undefined : { key, bytes: bytes.length, modifiedAtMs: 0 };
  }

  async get(key: string, range?: { readonly offset: number; readonly length: number }) {
    const { offset, length } = range ?? { offset: 0, length: Number.POSITIVE_INFINITY };
    return this.objects.get(key)?.slice(offset, offset + length);
  }

  /** In small chunks, so that records lie across them. */
  async *read(key: string, options?: { readonly offset?: number }): AsyncGenerator<Uint8Array, undefined> {
    const bytes = this.objects.get(key);
    if (bytes === undefined) throw new MusterError("not_found", `There is no object ${key}.`);
    for (let at = options?.offset ?? 0; at < bytes.length; at += chunkBytes)
      yield bytes.slice(at, at + chunkBytes);
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo, undefined> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    for (const key of keys) yield { key, bytes: this.objects.get(key)?.length ?? 0, modifiedAtMs: 0 };
  }

  async remove(key: string): Promise<void> {
    this.objects.delete(key);
  }

  async removeAll(prefix: string): Promise<void> {
    for (const key of this.objects.keys()) if (key.startsWith(prefix)) this.objects.delete(key);
  }

  openLog(key: string): AppendLog {
    let piece = 0;
    const current = () => `${key}/${String(piece).padStart(6, "0")}`;
    return {
      append: async (content) => {
        const fate = this.fate();
        if (fate === "silence") return deferred<never>().promise;
        const before = this.objects.get(current()) ?? new Uint8Array();
        const landed = fate === "torn" ? content.subarray(0, content.length >> 1) : content;
        if (fate !== "fails") this.objects.set(current(), new Uint8Array(Buffer.concat([before, landed])));
        if (fate === "done-then-silence") return deferred<never>().promise;
        const place = { key: current(), offset: before.length };
        if (fate === "done") return place;
        piece += 1;
        throw new MusterError("store_full", "The store has no room.");
      },
      close: async () => {},
    };
  }

  async freeBytes(): Promise<undefined> {
    return undefined;
  }

  async close(): Promise<void> {}
}
