import { createHash } from "node:crypto";
import { MusterError, pathInside, requireUnlinked } from "@muster/base";
import type { HubFileName } from "../../core/model-uri.ts";

const place = "the model directory";

/** The path of a file below the model directory. Throws MusterError `invalid_request` for what is no plain name. */
export function storePath(directory: string, segments: readonly string[]): string {
  return pathInside(directory, segments, { place, param: "model" });
}

/** Throws MusterError `invalid_request` where a link below the model directory leads to the file. */
export async function requireOwnFile(directory: string, path: string): Promise<void> {
  await requireUnlinked(directory, path, place);
}

/** `huggingface.co/owner/repo/revision/file`, whichever mirror served it. */
export function hubSegments(file: HubFileName): string[] {
  const revision = file.revision.replaceAll("/", "--");
  return ["huggingface.co", file.owner, file.repo, revision, ...file.file.split("/")];
}

/** `local/file`. */
export function localSegments(file: string): string[] {
  return ["local", file];
}

/** `host/path/file`; a query becomes a folder of its own, since it may select another file. */
export function urlSegments(address: string): string[] {
  const url = new URL(address);
  const host = url.host.replace(/[^A-Za-z0-9.-]+/g, "_");
  const path = url.pathname.split("/").slice(1).map(decodeSegment);
  const file = path.pop() ?? "";
  if (!/\.gguf$/i.test(file))
    throw unsafe(url.origin + url.pathname, "its path must end in the name of a .gguf file");
  const query =
    url.search === "" ? [] : [`query-${createHash("sha256").update(url.search).digest("hex").slice(0, 12)}`];
  return [host, ...path, ...query, file];
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw unsafe(segment, "its percent signs do not form characters");
  }
}

function unsafe(name: string, why: string): MusterError {
  return new MusterError("invalid_request", `"${name}" cannot be a name in the model directory: ${why}.`, {
    param: "model",
  });
}
