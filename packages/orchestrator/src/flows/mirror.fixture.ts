import { deferred, MusterError } from "@muster/base";
import type { ModelFileStore, ModelShelf, PartState, ShelvedFile, StoredModel } from "@muster/models";
import type { BlobSource } from "../ports/blob-source.ts";

type FetchOptions = Parameters<ModelFileStore["fetch"]>[1];

/** One fetch, as the test plays the hub. */
export interface PlayedFetch {
  readonly uri: string;
  readonly options: FetchOptions;
  /** The hub has told the length. */
  begin(totalBytes: number | undefined, sha256?: string): void;
  send(bytes: Uint8Array): void;
  startOver(): void;
  finish(): void;
  fail(error: MusterError): void;
}

export const sha256 = "a".repeat(64);

/** Files in memory; keeps to the order in which a disk and a download tell of themselves. */
export class PlayedSource implements BlobSource {
  readonly stored = new Map<string, { bytes: Buffer; isPinned: boolean }>();
  readonly parts = new Map<string, Buffer>();
  readonly fetches: PlayedFetch[] = [];
  readonly held = new Map<string, number>();
  openFiles = 0;
  #begun: (() => void)[] = [];

  /** Resolves once so many fetches have begun. */
  async fetchesBegun(count: number): Promise<void> {
    while (this.fetches.length < count) await new Promise<void>((resolve) => this.#begun.push(resolve));
  }

  readonly files: ModelFileStore = {
    find: async (uri) => this.#storedModel(uri),
    fetch: async (uri, options) => {
      const done = deferred<StoredModel>();
      const path = `${uri}.part`;
      let state: PartState = { path, doneBytes: 0, totalBytes: undefined, sha256: undefined, generation: 0 };
      const tell = (change: Partial<PartState>) => {
        state = { ...state, ...change };
        options.onPart(state);
      };
      this.parts.set(path, Buffer.alloc(0));
      options.signal.addEventListener("abort", () => done.reject(new MusterError("cancelled", "given up")));
      this.fetches.push({
        uri,
        options,
        begin: (totalBytes, announced = sha256) => tell({ totalBytes, sha256: announced || undefined }),
        send: (bytes) => {
          this.parts.set(path, Buffer.concat([this.parts.get(path) ?? Buffer.alloc(0), bytes]));
          tell({ doneBytes: this.parts.get(path)?.length ?? 0 });
        },
        startOver: () => {
          tell({ doneBytes: 0, totalBytes: undefined, sha256: undefined, generation: state.generation + 1 });
          this.parts.set(path, Buffer.alloc(0));
        },
        finish: () => {
          const bytes = this.parts.get(path) ?? Buffer.alloc(0);
          this.stored.set(uri, { bytes, isPinned: false });
          this.parts.delete(path);
          done.resolve({ path: uri, bytes: bytes.length, sha256 });
        },
        fail: (error) => done.reject(error),
      });
      for (const wake of this.#begun.splice(0)) wake();
      return await done.promise;
    },
    receive: async () => {
      throw new Error("nothing is received here");
    },
  };

  readonly shelf: ModelShelf = {
    files: async () =>
      [...this.stored].map(
        ([source, { bytes, isPinned }]): ShelvedFile => ({
          ...{ source, path: source, bytes: bytes.length, sha256, lastUsedMs: 0, isPinned },
          isHeld: (this.held.get(source) ?? 0) > 0,
        }),
      ),
    space: async () => ({ freeDiskBytes: 1, usedBytes: 0, budgetBytes: undefined }),
    makeRoom: async () => {},
    settle() {},
    trim: async () => {},
    hold: (path) => {
      this.held.set(path, (this.held.get(path) ?? 0) + 1);
      return () => void this.held.set(path, (this.held.get(path) ?? 1) - 1);
    },
    touch: async () => {},
    setPinned: async (path, isPinned) => {
      const file = this.stored.get(path);
      if (file !== undefined) file.isPinned = isPinned;
    },
    remove: async (path) => {
      if ((this.held.get(path) ?? 0) > 0) return "held";
      return this.stored.delete(path) ? "removed" : "missing";
    },
  };

  async open(path: string) {
    const contentOf = () => this.parts.get(path) ?? this.stored.get(path.replace(/\.part$/, ""))?.bytes;
    if (contentOf() === undefined) return undefined;
    this.openFiles += 1;
    return {
      read: async (at: number, length: number) => contentOf()?.subarray(at, at + length) ?? Buffer.alloc(0),
      close: async () => {
        this.openFiles -= 1;
      },
    };
  }

  #storedModel(uri: string): StoredModel | undefined {
    const file = this.stored.get(uri);
    return file === undefined ? undefined : { path: uri, bytes: file.bytes.length, sha256 };
  }
}
