import { type FileHandle, open } from "node:fs/promises";
import { openFlags } from "@muster/base";
import { systemError } from "./store-error.ts";

const fileMode = 0o600;
export const directoryMode = 0o700;

export function createFile(path: string): Promise<FileHandle> {
  return open(path, openFlags.create, fileMode);
}

export function openFile(path: string): Promise<FileHandle> {
  return open(path, openFlags.read);
}

/** A disk that fills up takes a part of what it is given, and says so only with the next write. */
export async function writeWhole(handle: FileHandle, content: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < content.length; ) {
    const { bytesWritten } = await handle.write(content, done, content.length - done, position + done);
    if (bytesWritten === 0) throw systemError("ENOSPC", "no byte was taken");
    done += bytesWritten;
  }
}

/** Up to `length` bytes, fewer only where the file ends. */
export async function readWhole(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, openFlags.folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
