import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type Log, MusterError } from "@muster/base";
import { type FetchedUri, formatModelUri } from "../../core/model-uri.ts";
import type { DownloadTarget } from "../../ports/model-download.ts";
import type { LocatedFile, ModelOrigin } from "../../ports/model-origin.ts";
import type { ModelShelf } from "../../ports/model-shelf.ts";
import type { ExpectedFile } from "../../ports/model-store.ts";
import { readGgufFile } from "../common/gguf-file.ts";
import { hashFile } from "../common/hash-file.ts";
import { checkFile, type Manifest, writeManifest } from "./manifest.ts";
import { hubSegments, localSegments, requireOwnFile, storePath, urlSegments } from "./store-path.ts";

/** One file of the store, there or not. */
export interface ModelFile {
  readonly uri: FetchedUri;
  readonly source: string;
  /** Below `directory`. */
  readonly path: string;
  readonly directory: string;
}

/** What is to be fetched, with what is known about it beforehand. */
export interface FileOrder {
  readonly file: ModelFile;
  readonly located: LocatedFile;
  readonly sha256: string | undefined;
  readonly bytes: number | undefined;
}

export interface ModelFilesOptions {
  /** Made where it is missing, readable by its owner only. */
  readonly directory: string;
  readonly origin: ModelOrigin;
  readonly log: Log;
  /** Undefined: nobody minds how much room the files take. */
  readonly shelf?: ModelShelf | undefined;
}

export type FetchOptions = Pick<DownloadTarget, "signal" | "onProgress" | "onPart">;

/** The file that a URI names: one of several, for a model of several. */
export function modelFile(uri: FetchedUri, directory: string): ModelFile {
  const source = formatModelUri(uri);
  switch (uri.kind) {
    case "hf":
      return { uri, source, directory, path: storePath(directory, hubSegments(uri)) };
    case "local":
      return { uri, source, directory, path: storePath(directory, localSegments(uri.file)) };
    case "http":
      return { uri, source, directory, path: storePath(directory, urlSegments(uri.url)) };
    default:
      return uri satisfies never;
  }
}

/** What is on disk of a file, if it is whole and the one that is expected. No network, and as a rule no hashing. */
export async function wholeFile(
  file: ModelFile,
  expected: ExpectedFile | undefined,
  context: { readonly log: Log; readonly signal: AbortSignal },
): Promise<Manifest | undefined> {
  await requireOwnFile(file.directory, file.path);
  const state = await checkFile(file.path, file.source, context.signal);
  if (state.kind === "whole" && differs(state.manifest, expected) === undefined) return state.manifest;
  if (state.kind !== "missing")
    context.log.warn({ path: file.path }, "model file is not the one that was fetched");
  return undefined;
}

/** Throws MusterError `model_load_failed` where the origin has another file than the one that is expected. */
export async function locateFile(
  file: ModelFile,
  expected: ExpectedFile | undefined,
  { origin, signal }: { readonly origin: ModelOrigin; readonly signal: AbortSignal },
): Promise<FileOrder> {
  const { sha256, bytes } = expected ?? {};
  const located = await origin.locate({ uri: file.uri, source: file.source, sha256, bytes }, signal);
  const problem = differs(located, expected);
  if (problem !== undefined) throw anotherFile(withoutQuery(file.source), problem);
  return { file, located, sha256: sha256?.toLowerCase() ?? located.sha256, bytes: bytes ?? located.bytes };
}

/** Brings the file, checks it, and writes down what it is. */
export async function fetchFile(
  order: FileOrder,
  { log, shelf }: ModelFilesOptions,
  { signal, onProgress, onPart }: FetchOptions,
): Promise<Manifest> {
  const { file, located, sha256, bytes } = order;
  const { path, source } = file;
  await requireOwnFile(file.directory, path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Another process may have finished it while the origin was asked.
  const state = await checkFile(path, source, signal);
  if (state.kind === "whole" && differs(state.manifest, { sha256, bytes }) === undefined)
    return state.manifest;
  const adopted = await adopt(order, signal);
  if (adopted !== undefined) return adopted;
  log.info({ source: withoutQuery(source), path, bytes }, "model download starts");
  const release = shelf?.hold(path);
  try {
    const arrived = await located.fetch({
      target: path,
      signal,
      onProgress,
      onPart,
      makeRoom: shelf === undefined ? undefined : (totalBytes) => shelf.makeRoom(path, totalBytes),
      inspect: async (partPath) => {
        await readGgufFile(partPath, { followsLinks: false });
      },
    });
    const problem = differs(arrived, { sha256, bytes });
    if (problem !== undefined) throw anotherFile(withoutQuery(source), problem);
    log.info({ path, bytes: arrived.bytes, sha256: arrived.sha256 }, "model download done");
    return await writeManifest(path, { source, sha256: arrived.sha256, commit: located.commit });
  } finally {
    shelf?.settle(path);
    release?.();
  }
}

/** A file that lost its manifest (a crash between the two) is good where the origin's checksum says so. */
async function adopt(order: FileOrder, signal: AbortSignal): Promise<Manifest | undefined> {
  const { file, located, sha256, bytes } = order;
  const found = await stat(file.path).catch(() => undefined);
  if (sha256 === undefined || found === undefined || found.size !== bytes) return undefined;
  if ((await hashFile(file.path, signal))?.sha256 !== sha256) return undefined;
  await readGgufFile(file.path, { followsLinks: false });
  return await writeManifest(file.path, { source: file.source, sha256, commit: located.commit });
}

/** How a file is not the one that is expected; undefined: it is, as far as anybody knows. */
export function differs(
  file: { readonly sha256: string | undefined; readonly bytes: number | undefined },
  expected: ExpectedFile | undefined,
): string | undefined {
  if (isOther(expected?.bytes, file.bytes)) return `${file.bytes} bytes instead of ${expected?.bytes}`;
  if (isOther(expected?.sha256?.toLowerCase(), file.sha256))
    return `SHA-256 ${file.sha256} instead of ${expected?.sha256}`;
  return undefined;
}

function isOther<T>(wanted: T | undefined, found: T | undefined): boolean {
  return wanted !== undefined && found !== undefined && wanted !== found;
}

export function anotherFile(source: string, problem: string): MusterError {
  return new MusterError(
    "model_load_failed",
    `${source} is not the file that was ordered (${problem}): it is not loaded. ` +
      "The hub's file has changed, or the order names another one: correct the model's entry, or name a revision.",
  );
}

/** Queries may hold keys: they stay out of messages and logs. */
export function withoutQuery(uri: string): string {
  return uri.replace(/\?.*$/s, "?…");
}
