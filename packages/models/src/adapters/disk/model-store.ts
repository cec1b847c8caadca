import { mkdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type Log, MusterError } from "@muster/base";
import { modelParts } from "../../core/model-parts.ts";
import { formatModelUri, type HubFileName, type ModelUri, parseModelUri } from "../../core/model-uri.ts";
import type { ModelDownload } from "../../ports/model-download.ts";
import type { ModelHub } from "../../ports/model-hub.ts";
import type { ModelProgress, ModelStore, StoredModel } from "../../ports/model-store.ts";
import { readGgufFile } from "../common/gguf-file.ts";
import { hashFile } from "../common/hash-file.ts";
import { checkFile, writeManifest } from "./manifest.ts";
import { hubSegments, storePath, urlSegments } from "./store-path.ts";

export interface DiskModelStoreOptions {
  /** Made where it is missing, readable by its owner only. */
  readonly directory: string;
  readonly hub: ModelHub;
  readonly download: ModelDownload;
  readonly log: Log;
  /** Where the models that come with Muster are, by name. */
  readonly builtIn?: Readonly<Record<string, string>>;
  /** What `~/` stands for. */
  readonly homeDirectory?: string;
  /** What relative paths start from. */
  readonly workingDirectory?: string;
}

interface Fetched {
  readonly kind: "http" | "hf";
  readonly source: string;
  readonly path: string;
}

type Part =
  | (Fetched & { readonly kind: "http"; readonly url: string })
  | (Fetched & { readonly kind: "hf"; readonly file: HubFileName });

/** What is to be fetched, with what is known about it beforehand. */
interface Order {
  readonly part: Part;
  readonly url: string;
  readonly token: string | undefined;
  readonly sha256: string | undefined;
  readonly bytes: number | undefined;
  readonly commit: string | undefined;
}

type EnsureOptions = Parameters<ModelStore["ensure"]>[1];

/**
 * Keeps fetched models under a folder in paths that people can read (`huggingface.co/owner/repo/main/file.gguf`), each
 * file with a manifest beside it. A model that is there already costs no network and no hashing.
 */
export function createDiskModelStore(options: DiskModelStoreOptions): ModelStore {
  return {
    async ensure(text, { signal, onProgress }) {
      try {
        const uri = parseModelUri(text);
        // Nothing to fetch: their engines take the name itself.
        if (uri.kind === "stub" || uri.kind === "openai") {
          return { path: text.trim(), bytes: 0, sha256: undefined };
        }
        if (uri.kind === "builtin") return await ensurePath(builtInPath(uri.name, options.builtIn));
        if (uri.kind === "path") return await ensurePath(expand(uri.path, options));
        return await ensureFetched(uri, options, { signal, onProgress });
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
async function ensurePath(path: string): Promise<StoredModel> {
  const parts = modelParts(path);
  let bytes = 0;
  for (const part of parts) {
    await readGgufFile(part);
    bytes += (await stat(part)).size;
  }
  return { path: parts[0] ?? path, bytes, sha256: undefined };
}

async function ensureFetched(
  uri: Extract<ModelUri, { kind: "http" | "hf" }>,
  options: DiskModelStoreOptions,
  { signal, onProgress }: EnsureOptions,
): Promise<StoredModel> {
  const parts = uri.kind === "hf" ? hubParts(uri, options.directory) : urlParts(uri.url, options.directory);
  const whole: { bytes: number; sha256: string }[] = [];
  const missing: Part[] = [];
  for (const part of parts) {
    const state = await checkFile(part.path, part.source, signal);
    if (state.kind === "whole") {
      whole.push(state.manifest);
      continue;
    }
    if (state.kind === "changed")
      options.log.warn({ path: part.path }, "model file is not the one that was fetched");
    missing.push(part);
  }
  const orders: Order[] = [];
  for (const part of missing) orders.push(await locate(part, options.hub, signal));
  const progress = sumProgress(
    whole.map((file) => file.bytes),
    orders,
    onProgress,
  );
  for (const order of orders)
    whole.push(await fetchOne(order, options, { signal, onProgress: progress.of(order) }));
  return {
    path: parts[0]?.path ?? "",
    bytes: whole.reduce((sum, file) => sum + file.bytes, 0),
    sha256: whole.length === 1 ? whole[0]?.sha256 : undefined,
  };
}

function hubParts(file: HubFileName, directory: string): Part[] {
  return modelParts(file.file).map((name) => {
    const part: HubFileName = { ...file, file: name };
    const source = formatModelUri({ ...part, kind: "hf" });
    return { kind: "hf", source, file: part, path: storePath(directory, hubSegments(part)) };
  });
}

function urlParts(address: string, directory: string): Part[] {
  const url = new URL(address);
  return modelParts(url.pathname).map((pathname) => {
    url.pathname = pathname;
    return {
      kind: "http",
      source: url.href,
      url: url.href,
      path: storePath(directory, urlSegments(url.href)),
    };
  });
}

async function locate(part: Part, hub: ModelHub, signal: AbortSignal): Promise<Order> {
  if (part.kind === "hf") return { part, ...(await hub.locate(part.file, signal)) };
  return { part, url: part.url, token: undefined, sha256: undefined, bytes: undefined, commit: undefined };
}

async function fetchOne(order: Order, options: DiskModelStoreOptions, { signal, onProgress }: EnsureOptions) {
  const { part, url, token, sha256, bytes, commit } = order;
  const { source, path } = part;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Another process may have finished it while the hub was asked.
  const state = await checkFile(path, source, signal);
  if (state.kind === "whole") return state.manifest;
  const adopted = await adopt(order, signal);
  if (adopted !== undefined) return adopted;
  options.log.info({ source: withoutQuery(source), path, bytes }, "model download starts");
  const arrived = await options.download.fetch({
    url,
    target: path,
    token,
    sha256,
    bytes,
    signal,
    onProgress,
    inspect: async (partPath) => {
      await readGgufFile(partPath);
    },
  });
  options.log.info({ path, bytes: arrived.bytes, sha256: arrived.sha256 }, "model download done");
  return await writeManifest(path, { source, sha256: arrived.sha256, commit });
}

/** A file that lost its manifest (a crash between the two) is good where the hub's checksum says so. */
async function adopt(order: Order, signal: AbortSignal) {
  const { part, sha256, bytes, commit } = order;
  const found = await stat(part.path).catch(() => undefined);
  if (sha256 === undefined || found === undefined || found.size !== bytes) return undefined;
  if ((await hashFile(part.path, signal))?.sha256 !== sha256) return undefined;
  await readGgufFile(part.path);
  return await writeManifest(part.path, { source: part.source, sha256, commit });
}

/** One progress for all parts; the total is known once it is known of each. */
function sumProgress(
  wholeBytes: readonly number[],
  orders: readonly Order[],
  onProgress: (progress: ModelProgress) => void,
) {
  const base = wholeBytes.reduce((sum, bytes) => sum + bytes, 0);
  const latest = new Map<Order, ModelProgress>(
    orders.map((order) => [order, { doneBytes: 0, totalBytes: order.bytes }]),
  );
  return {
    of: (order: Order) => (progress: ModelProgress) => {
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

/** Queries may hold keys: they stay out of messages and logs. */
function withoutQuery(uri: string): string {
  return uri.replace(/\?.*$/s, "?…");
}

function asLoadFailure(uri: string, error: unknown, signal: AbortSignal): MusterError {
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
