import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { MusterError, openFlags } from "@muster/base";
import { type FetchedUri, isFetched, parseModelUri } from "../../core/model-uri.ts";
import type { ModelFileStore } from "../../ports/model-file-store.ts";
import { readGgufFile } from "../common/gguf-file.ts";
import type { Manifest } from "./manifest.ts";
import { writeManifest } from "./manifest.ts";
import {
  differs,
  fetchFile,
  locateFile,
  type ModelFile,
  type ModelFilesOptions,
  modelFile,
  wholeFile,
} from "./model-files.ts";
import { asLoadFailure } from "./model-store.ts";
import { requireOwnFile, storePath } from "./store-path.ts";

/** The files of a model directory, one at a time. */
export function createDiskFileStore(options: ModelFilesOptions): ModelFileStore {
  const { directory, log, origin, shelf } = options;
  const fileOf = (uri: string): ModelFile => modelFile(fetchedUri(uri), directory);
  const stored = async ({ path }: ModelFile, { bytes, sha256 }: Manifest) => {
    await shelf?.touch(path);
    return { path, bytes, sha256 };
  };
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => {});
    return turn;
  };
  return {
    async find(uri, expected, signal) {
      const file = fileOf(uri);
      const whole = await wholeFile(file, expected, { log, signal });
      return whole === undefined ? undefined : await stored(file, whole);
    },

    async fetch(uri, { signal, expected, onProgress, onPart }) {
      const file = fileOf(uri);
      try {
        const order = await locateFile(file, expected, { origin, signal });
        return await stored(file, await fetchFile(order, options, { signal, onProgress, onPart }));
      } catch (error) {
        throw withoutPaths(asLoadFailure(file.source.replace(/\?.*$/s, "?…"), error, signal), directory);
      }
    },

    async receive(chunks, { expected, signal, name }) {
      const incoming = storePath(directory, ["incoming", `${randomUUID()}.gguf.part`]);
      await requireOwnFile(directory, incoming);
      const incomingTarget = incoming.slice(0, -".part".length);
      await mkdir(dirname(incoming), { recursive: true, mode: 0o700 });
      try {
        if (expected?.bytes !== undefined) await shelf?.makeRoom(incomingTarget, expected.bytes);
        const arrived = await write(chunks, incoming, { signal, maxBytes: expected?.bytes });
        const problem = differs(arrived, expected);
        if (problem !== undefined) {
          throw new MusterError("invalid_request", `The file arrived wrong (${problem}): send it again.`);
        }
        await readGgufFile(incoming, { followsLinks: false }).catch((error: unknown) => {
          const reason = MusterError.from(error).message.replaceAll(incoming, "The file");
          throw new MusterError("invalid_request", reason, { cause: error });
        });
        const uri = name(arrived);
        const file = fileOf(uri);
        // Of two of one name, each is named with its own checksum: the later one stays.
        const manifest = await inTurn(async () => {
          await requireOwnFile(directory, file.path);
          await mkdir(dirname(file.path), { recursive: true, mode: 0o700 });
          await rename(incoming, file.path);
          return await writeManifest(file.path, { source: file.source, sha256: arrived.sha256 });
        });
        log.info({ source: file.source, path: file.path, bytes: arrived.bytes }, "model file taken in");
        return { ...(await stored(file, manifest)), uri: file.source };
      } catch (error) {
        throw withoutPaths(asStoreFull(error), directory);
      } finally {
        shelf?.settle(incomingTarget);
        await rm(incoming, { force: true });
      }
    },
  };
}

/** What is told of a failure goes to whoever asked for the file: where it would lie is nobody's business. */
function withoutPaths(error: unknown, directory: string): unknown {
  if (!(error instanceof MusterError)) return error;
  const message = error.message.replaceAll(resolve(directory), "the mirror's directory");
  return message === error.message ? error : new MusterError(error.code, message, { cause: error });
}

function asStoreFull(error: unknown): unknown {
  const isFull =
    error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
  if (!isFull) return error;
  return new MusterError("store_full", "The mirror's disk is full: remove model files, or free some space.", {
    cause: error,
  });
}

/** Throws `invalid_request` for what lies where it is, or is no file. */
function fetchedUri(text: string): FetchedUri {
  const uri = parseModelUri(text);
  if (isFetched(uri)) return uri;
  throw new MusterError("invalid_request", `"${text.slice(0, 200)}" is no file that is fetched and kept.`, {
    param: "model",
  });
}

async function write(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  {
    signal,
    maxBytes = Number.POSITIVE_INFINITY,
  }: { readonly signal: AbortSignal; readonly maxBytes?: number | undefined },
) {
  const hash = createHash("sha256");
  let bytes = 0;
  const handle = await open(path, openFlags.create, 0o600);
  try {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      for (let at = 0; at < chunk.length; ) {
        const { bytesWritten } = await handle.write(chunk, at, chunk.length - at);
        at += bytesWritten;
      }
      hash.update(chunk);
      bytes += chunk.length;
      if (bytes > maxBytes)
        throw new MusterError("invalid_request", `More than the ${maxBytes} bytes came that were announced.`);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { bytes, sha256: hash.digest("hex") };
}
