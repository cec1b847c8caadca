import { createHash } from "node:crypto";
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { MusterError, openFlags } from "@muster/base";
import type { PartState } from "../../ports/model-download.ts";

/** What is known about the file that unfinished bytes belong to; kept beside them as JSON. */
export interface PartNote {
  readonly url: string;
  readonly etag: string | undefined;
  readonly totalBytes: number | undefined;
  readonly sha256: string | undefined;
}

export interface WantedPart {
  readonly url: string;
  readonly sha256: string | undefined;
  readonly mayResume: boolean;
  /** Whether the rest would be known to belong to what is there. */
  readonly canContinue: (note: PartNote) => boolean;
  readonly onPart?: ((state: PartState) => void) | undefined;
}

const readBytes = 1024 * 1024;

export function partPath(target: string): string {
  return `${target}.part`;
}

function notePath(target: string): string {
  return `${target}.part.json`;
}

/** The unfinished bytes of one download, and the SHA-256 of them. Owned by whoever holds the download's lock. */
export class PartFile {
  readonly #target: string;
  readonly #handle: FileHandle;
  #hash = createHash("sha256");
  #doneBytes = 0;
  #pieces = 0;
  #note: PartNote | undefined;
  #generation = 0;
  readonly #onPart: (state: PartState) => void;

  private constructor(target: string, handle: FileHandle, onPart: (state: PartState) => void = () => {}) {
    this.#target = target;
    this.#handle = handle;
    this.#onPart = onPart;
  }

  /** Opens what an earlier try left, where it belongs to `wanted` and can be continued; else begins anew. */
  static async open(target: string, wanted: WantedPart, signal: AbortSignal): Promise<PartFile> {
    if (!wanted.mayResume) await rm(partPath(target), { force: true });
    return await guardStorage(target, async () => {
      const handle = await open(partPath(target), openFlags.update, 0o600);
      const part = new PartFile(target, handle, wanted.onPart);
      try {
        const note = await readNote(target);
        const known = note === undefined ? undefined : asWanted(note, wanted);
        if (known !== undefined && wanted.canContinue(known)) await part.#takeUp(known, signal);
        else await part.restart();
        return part;
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  get path(): string {
    return partPath(this.#target);
  }

  get doneBytes(): number {
    return this.#doneBytes;
  }

  get note(): PartNote | undefined {
    return this.#note;
  }

  /** Whether the bytes come from more than one answer, so that a wrong whole may be due to the joints. */
  get isPieced(): boolean {
    return this.#pieces > 1;
  }

  async #takeUp(note: PartNote, signal: AbortSignal): Promise<void> {
    const { size } = await this.#handle.stat();
    const buffer = Buffer.allocUnsafe(readBytes);
    for (let at = 0; at < size; ) {
      signal.throwIfAborted();
      const { bytesRead } = await this.#handle.read(buffer, 0, readBytes, at);
      if (bytesRead === 0) break;
      this.#hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
      this.#doneBytes = at;
    }
    this.#note = note;
    this.#pieces = this.#doneBytes > 0 ? 1 : 0;
    if (note.totalBytes !== undefined && this.#doneBytes > note.totalBytes) await this.restart();
    else this.#tell();
  }

  #tell(): void {
    this.#onPart({
      path: this.path,
      doneBytes: this.#doneBytes,
      totalBytes: this.#note?.totalBytes,
      sha256: this.#note?.sha256,
      generation: this.#generation,
    });
  }

  /** Throws away what is there. */
  async restart(): Promise<void> {
    this.#hash = createHash("sha256");
    this.#doneBytes = 0;
    this.#pieces = 0;
    this.#note = undefined;
    this.#generation += 1;
    // Before it happens: what somebody reads from here on may be gone, or of another file.
    this.#tell();
    await guardStorage(this.#target, async () => {
      await this.#handle.truncate(0);
      await rm(notePath(this.#target), { force: true });
    });
  }

  /** The bytes that follow are one answer's, about the file that `note` describes. */
  async beginPiece(note: PartNote): Promise<void> {
    await guardStorage(this.#target, async () => {
      await writeFile(notePath(this.#target), JSON.stringify(note), { mode: 0o600 });
    });
    this.#note = note;
    this.#pieces += 1;
    this.#tell();
  }

  async append(chunk: Uint8Array): Promise<void> {
    await guardStorage(this.#target, async () => {
      // A write may take less than it was given, without an error: a nearly full disk does.
      for (let written = 0; written < chunk.length; ) {
        const { bytesWritten } = await this.#handle.write(
          chunk,
          written,
          chunk.length - written,
          this.#doneBytes,
        );
        this.#hash.update(chunk.subarray(written, written + bytesWritten));
        written += bytesWritten;
        this.#doneBytes += bytesWritten;
      }
    });
    this.#tell();
  }

  /** Makes the bytes safe against a power cut, and says what they are. */
  async settle(): Promise<{ readonly bytes: number; readonly sha256: string }> {
    await guardStorage(this.#target, () => this.#handle.sync());
    return { bytes: this.#doneBytes, sha256: this.#hash.copy().digest("hex") };
  }

  /** Gives the finished file its name, in one step. */
  async publish(): Promise<void> {
    await guardStorage(this.#target, async () => {
      const [ours, there] = [await this.#handle.stat(), await stat(this.path)];
      if (ours.ino !== there.ino || there.size !== this.#doneBytes) {
        throw new Error("another process took the download over; start it again");
      }
      await rename(this.path, this.#target);
      await rm(notePath(this.#target), { force: true });
    });
    await syncFolder(dirname(this.#target));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/**
 * The note, if it is of the wanted file: the same checksum is the same file, wherever it came from; without checksums the
 * same address may be. A tag means something at its own address only.
 */
function asWanted(note: PartNote, wanted: WantedPart): PartNote | undefined {
  if (note.sha256 !== wanted.sha256) return undefined;
  if (note.url === wanted.url) return note;
  return note.sha256 === undefined ? undefined : { ...note, url: wanted.url, etag: undefined };
}

/** Without a strong tag or a checksum nothing would tell that the rest comes from another version. */
export function canContinue(note: PartNote): boolean {
  return isStrongTag(note.etag) || note.sha256 !== undefined;
}

export function isStrongTag(etag: string | undefined): etag is string {
  return etag?.startsWith('"') === true;
}

/** Reads the note beside a target; undefined where there is none that makes sense. */
export async function readNote(target: string): Promise<PartNote | undefined> {
  try {
    const value: unknown = JSON.parse(
      await readFile(notePath(target), { encoding: "utf8", flag: openFlags.read }),
    );
    if (typeof value !== "object" || value === null) return undefined;
    const { url, etag, totalBytes, sha256 } = value as { [K in keyof PartNote]: unknown };
    if (typeof url !== "string") return undefined;
    return {
      url,
      etag: typeof etag === "string" ? etag : undefined,
      totalBytes: Number.isSafeInteger(totalBytes) ? Number(totalBytes) : undefined,
      sha256: typeof sha256 === "string" ? sha256 : undefined,
    };
  } catch {
    return undefined;
  }
}

/** Turns errors of the disk into errors that are not tried again. */
async function guardStorage<T>(target: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    if (cause instanceof MusterError || (cause instanceof Error && cause.name === "AbortError")) throw cause;
    const isFull =
      cause instanceof Error && "code" in cause && (cause.code === "ENOSPC" || cause.code === "EDQUOT");
    const advice = isFull
      ? "The disk is full: free some space, or choose another model directory."
      : "Check that the model directory can be written to.";
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MusterError("model_load_failed", `Writing ${target} failed: ${reason}. ${advice}`, { cause });
  }
}

/** Not every system lets a folder be synced; where it does, the new name survives a power cut. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The file itself is synced already.
  }
}
