import { type FileHandle, open } from "node:fs/promises";
import { MusterError } from "@muster/base";
import { type GgufHeader, maxGgufHeaderBytes, readGgufHeader } from "../../core/gguf-header.ts";

const firstBytes = 256 * 1024;

/**
 * Reads the header of a GGUF file, and checks that the file is long enough for the tensors it announces.
 * Throws MusterError `model_load_failed` that says what is wrong with the file.
 */
export async function readGgufFile(path: string): Promise<GgufHeader> {
  const file = await openModel(path);
  try {
    const { size } = await file.stat();
    const header = await readHeader(file, path, size);
    if (header.minimumFileBytes > size) throw truncated(path, size, header.minimumFileBytes);
    return header;
  } finally {
    await file.close();
  }
}

async function readHeader(file: FileHandle, path: string, size: number): Promise<GgufHeader> {
  for (let wanted = Math.min(firstBytes, size); ; ) {
    const prefix = await readPrefix(file, wanted);
    const result = readGgufHeader(prefix);
    if (result.kind === "header") return result.header;
    if (result.kind === "invalid") {
      throw failed(`${path} is not a model that can be used: ${result.reason}. Give a GGUF file.`);
    }
    if (result.bytes > size) throw truncated(path, size, result.bytes);
    // Twice as much each time: a header is read a bounded number of times, however small its pieces are.
    wanted = Math.min(Math.max(result.bytes, wanted * 2), size, maxGgufHeaderBytes);
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
    const file = await open(path, "r");
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const why = reason === "ENOENT" ? "there is no such file" : `it cannot be read (${reason})`;
    throw failed(`${path}: ${why}. Check the path.`, cause);
  }
  throw failed(`${path} is not a file. Give the path of a GGUF file.`);
}

function truncated(path: string, haveBytes: number, needBytes: number): MusterError {
  return failed(
    `${path} is cut short: it has ${haveBytes} bytes, and its header announces at least ${needBytes}. ` +
      "Fetch or copy it again.",
  );
}

function failed(message: string, cause?: unknown): MusterError {
  return new MusterError("model_load_failed", message, { cause });
}
