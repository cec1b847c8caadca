import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { MusterError } from "@muster/base";
import { modelParts } from "../../core/model-parts.ts";
import { type FetchedUri, isFetched, parseModelUri } from "../../core/model-uri.ts";
import { partUris } from "../../core/part-uris.ts";
import type { ExpectedFile, ModelProgress, ModelStore, StoredModel } from "../../ports/model-store.ts";
import { readGgufFile } from "../common/gguf-file.ts";
import { hashFile } from "../common/hash-file.ts";
import {
  anotherFile,
  differs,
  type FileOrder,
  fetchFile,
  locateFile,
  type ModelFilesOptions,
  modelFile,
  wholeFile,
  withoutQuery,
} from "./model-files.ts";

export interface DiskModelStoreOptions extends ModelFilesOptions {
  /** Where the models that come with Muster are, by name. */
  readonly builtIn?: Readonly<Record<string, string>>;
  /** What `~/` stands for. */
  readonly homeDirectory?: string;
  /** What relative paths start from. */
  readonly workingDirectory?: string;
}

type EnsureOptions = Parameters<ModelStore["ensure"]>[1];

/**
 * Keeps fetched models under a folder in paths that people can read (`huggingface.co/owner/repo/main/file.gguf`), each
 * file with a manifest beside it. A model that is there already costs no network and no hashing.
 */
export function createDiskModelStore(options: DiskModelStoreOptions): ModelStore {
  return {
    async ensure(text, ensuring) {
      const { signal } = ensuring;
      try {
        const uri = parseModelUri(text);
        // Nothing to fetch: their engines take the name itself.
        if (uri.kind === "stub" || uri.kind === "openai") {
          return { path: text.trim(), bytes: 0, sha256: undefined };
        }
        if (isFetched(uri)) return await ensureFetched(uri, options, ensuring);
        const path =
          uri.kind === "builtin" ? builtInPath(uri.name, options.builtIn) : expand(uri.path, options);
        return await ensurePath(path, ensuring);
      } catch (error) {
        throw asLoadFailure(withoutQuery(text), error, signal);
      }
    },
  };
}

function builtInPath(name: string, known: Readonly<Record<string, string>> = {}): string {
  const path = Object.hasOwn(known, name) ? known[name] : undefined;
  if (path !== undefined) return path;
  throw new MusterError(
    "model_load_failed",
    `No model "${name}" comes with Muster. There is: ${Object.keys(known).join(", ") || "none"}.`,
  );
}

/** A file that the user named: looked at, never changed. */
async function ensurePath(path: string, { expected, signal }: EnsureOptions): Promise<StoredModel> {
  const parts = modelParts(path);
  let bytes = 0;
  for (const part of parts) {
    await readGgufFile(part);
    bytes += (await stat(part)).size;
  }
  const first = parts[0] ?? path;
  const isVouched =
    expected?.sha256 !== undefined && differs({ bytes, sha256: undefined }, expected) === undefined;
  const sha256 = isVouched ? (await hashFile(first, signal))?.sha256 : undefined;
  const problem = differs({ bytes, sha256 }, expected);
  if (problem !== undefined) throw anotherFile(path, problem);
  return { path: first, bytes, sha256 };
}

async function ensureFetched(
  uri: FetchedUri,
  options: DiskModelStoreOptions,
  { signal, onProgress, expected }: EnsureOptions,
): Promise<StoredModel> {
  const { directory, log, origin, shelf } = options;
  const parts = partUris(uri).map((part) => modelFile(part, directory));
  const expectedOf = (at: number): ExpectedFile | undefined =>
    parts.length === 1 ? expected : { sha256: at === 0 ? expected?.sha256 : undefined };
  const whole: { bytes: number; sha256: string }[] = [];
  const orders: FileOrder[] = [];
  for (const [at, part] of parts.entries()) {
    const found = await wholeFile(part, expectedOf(at), { log, signal });
    if (found === undefined) orders.push(await locateFile(part, expectedOf(at), { origin, signal }));
    else whole.push(found);
  }
  const progress = sumProgress(
    whole.map((file) => file.bytes),
    orders,
    onProgress,
  );
  for (const order of orders)
    whole.push(await fetchFile(order, options, { signal, onProgress: progress.of(order) }));
  const bytes = whole.reduce((sum, file) => sum + file.bytes, 0);
  const problem = differs({ bytes, sha256: undefined }, expected);
  if (problem !== undefined) throw anotherFile(withoutQuery(parts[0]?.source ?? ""), problem);
  for (const { path } of parts) await shelf?.touch(path);
  return {
    path: parts[0]?.path ?? "",
    bytes,
    sha256: whole.length === 1 ? whole[0]?.sha256 : undefined,
  };
}

/** One progress for all parts; the total is known once it is known of each. */
function sumProgress(
  wholeBytes: readonly number[],
  orders: readonly FileOrder[],
  onProgress: (progress: ModelProgress) => void,
) {
  const base = wholeBytes.reduce((sum, bytes) => sum + bytes, 0);
  const latest = new Map<FileOrder, ModelProgress>(
    orders.map((order) => [order, { doneBytes: 0, totalBytes: order.bytes }]),
  );
  return {
    of: (order: FileOrder) => (progress: ModelProgress) => {
      latest.set(order, progress);
      let doneBytes = base;
      let totalBytes: number | undefined = base;
      for (const part of latest.values()) {
        doneBytes += part.doneBytes;
        totalBytes =
          totalBytes === undefined || part.totalBytes === undefined
            ? undefined
            : totalBytes + part.totalBytes;
      }
      onProgress({ doneBytes, totalBytes });
    },
  };
}

function expand(path: string, options: DiskModelStoreOptions): string {
  if (/^~[/\\]/.test(path)) return join(options.homeDirectory ?? homedir(), path.slice(2));
  return resolve(options.workingDirectory ?? ".", path);
}

export function asLoadFailure(uri: string, error: unknown, signal: AbortSignal): MusterError {
  if (error instanceof MusterError) {
    return error.code === "invalid_request"
      ? new MusterError("model_load_failed", error.message, { cause: error })
      : error;
  }
  if (signal.aborted)
    return new MusterError("cancelled", `Getting the model ${uri} was cancelled.`, { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  return new MusterError(
    "model_load_failed",
    `Getting the model ${uri} failed: ${reason}. Check the model directory's permissions and space.`,
    { cause: error },
  );
}
