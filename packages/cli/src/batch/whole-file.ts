import { createWriteStream } from "node:fs";
import { access, constants, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MusterError } from "@muster/base";
import { AbortedError } from "@muster/sdk";
import { messageOf } from "./text-of-file.ts";

export type Content = AsyncIterable<string | Uint8Array>;

/** Writes a file that is there whole or not at all: under another name first. */
export async function writeWholeFile(path: string, content: Content, signal?: AbortSignal): Promise<void> {
  const part = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  let failure: { readonly error: unknown } | undefined;
  const watched = async function* () {
    try {
      yield* untilAborted(content, signal);
    } catch (error) {
      failure = signal?.aborted ? undefined : { error };
      throw error;
    }
  };
  try {
    // On the disk before the name says that it is whole.
    const file = createWriteStream(part, { flush: true });
    await pipeline(Readable.from(watched()), file, signal === undefined ? {} : { signal });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    if (failure !== undefined) throw failure.error;
    if (signal?.aborted) throw new AbortedError("Interrupted.", { cause: error });
    throw new MusterError("store_unavailable", `Cannot write ${path}: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

/** Ends at the signal even where the content hangs: newer Node waits for it otherwise. */
async function* untilAborted(
  content: Content,
  signal: AbortSignal | undefined,
): AsyncGenerator<string | Uint8Array> {
  const iterator = content[Symbol.asyncIterator]();
  let stopListening = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    const onAbort = () => reject(new AbortedError("Interrupted."));
    signal?.addEventListener("abort", onAbort, { once: true });
    stopListening = () => signal?.removeEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
  });
  aborted.catch(() => {});
  let isDone = false;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done === true) {
        isDone = true;
        return;
      }
      yield next.value;
    }
  } catch (error) {
    isDone = signal?.aborted !== true;
    throw error;
  } finally {
    stopListening();
    if (!isDone) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

/** Throws `invalid_request` where a file cannot be written, or would take the place of another: before work is begun. */
export async function checkTarget(
  path: string,
  { mayReplace }: { readonly mayReplace: boolean },
): Promise<void> {
  const directory = dirname(path);
  await access(directory, constants.W_OK).catch((cause) => {
    throw new MusterError("invalid_request", `Cannot write to ${directory}: ${messageOf(cause)}.`, { cause });
  });
  if (mayReplace || !(await exists(path))) return;
  throw new MusterError(
    "invalid_request",
    `${path} is there already. Name another file, or replace it: --force.`,
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
