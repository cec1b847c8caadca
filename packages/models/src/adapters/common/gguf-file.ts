import type { FileHandle } from "node:fs/promises";
import { MusterError, openRegular } from "@muster/base";
import type { GgufHeader } from "../../core/gguf-header.ts";
import { readGgufSource } from "./gguf-prefix.ts";

/**
 * Reads the header of a GGUF file, and checks that the file is long enough for the tensors it announces.
 * Throws MusterError `model_load_failed` that says what is wrong with the file.
 * @param options.followsLinks false for files at paths that were made of names from outside
 */
export async function readGgufFile(
  path: string,
  { followsLinks = true }: { readonly followsLinks?: boolean } = {},
): Promise<GgufHeader> {
  const file = await openModel(path, followsLinks);
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

async function openModel(path: string, followsLinks: boolean): Promise<FileHandle> {
  try {
    const file = await openRegular(path, { followsLinks });
    if (file !== undefined) return file;
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
