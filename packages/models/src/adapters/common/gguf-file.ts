import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { MusterError } from "@muster/base";
import type { GgufHeader } from "../../core/gguf-header.ts";
import { readGgufSource } from "./gguf-prefix.ts";

/**
 * Reads the header of a GGUF file, and checks that the file is long enough for the tensors it announces.
 * Throws MusterError `model_load_failed` that says what is wrong with the file.
 */
export async function readGgufFile(path: string): Promise<GgufHeader> {
  const file = await openModel(path);
  try {
    const { size: bytes } = await file.stat();
    return await readGgufSource({ place: path, bytes, read: (length) => readPrefix(file, length) });
  } finally {
    await file.close();
  }
}

async function readPrefix(file: FileHandle, length: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

async function openModel(path: string): Promise<FileHandle> {
  try {
    // Asked first, and opened without waiting: a pipe would hold a thread until somebody writes into it.
    if ((await stat(path)).isFile()) {
      const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      if ((await file.stat()).isFile()) return file;
      await file.close();
    }
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const why = reason === "ENOENT" ? "there is no such file" : `it cannot be read (${reason})`;
    throw failed(`${path}: ${why}. Check the path.`, cause);
  }
  throw failed(`${path} is not a file. Give the path of a GGUF file.`);
}

function failed(message: string, cause?: unknown): MusterError {
  return new MusterError("model_load_failed", message, { cause });
}
