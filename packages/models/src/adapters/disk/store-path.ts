import { createHash } from "node:crypto";
import { isAbsolute, join, relative, resolve } from "node:path";
import { MusterError } from "@muster/base";
import type { HubFileName } from "../../core/model-uri.ts";

const maxSegmentBytes = 200;
const windowsDevice = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;
const forbiddenCharacter = /[/\\:*?"<>|]/;

/**
 * The one way from names that came from outside to a path: each segment must be a plain name on every platform, and
 * the result must lie under `directory`. Throws MusterError `invalid_request`.
 */
export function storePath(directory: string, segments: readonly string[]): string {
  for (const segment of segments) {
    const why = refuseSegment(segment);
    if (why !== undefined) throw unsafe(segment, why);
  }
  const root = resolve(directory);
  const path = join(root, ...segments);
  const inside = relative(root, path);
  if (segments.length === 0 || inside === "" || inside.startsWith("..") || isAbsolute(inside)) {
    throw unsafe(segments.join("/"), "it leaves the model directory");
  }
  return path;
}

function refuseSegment(segment: string): string | undefined {
  if (segment === "" || segment === "." || segment === "..") return "it is no name";
  if (forbiddenCharacter.test(segment)) return "it has characters that separate or select files";
  if ([...segment].some((character) => character < " " || character === "\u007f"))
    return "it has control characters";
  if (segment.startsWith(" ") || /[ .]$/.test(segment))
    return "it begins with a space, or ends with one or a dot";
  if (windowsDevice.test(segment)) return "Windows keeps it for a device";
  if (Buffer.byteLength(segment) > maxSegmentBytes) return `it is longer than ${maxSegmentBytes} bytes`;
  return undefined;
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
