import { MusterError } from "@muster/base";
import { isLoopbackHost } from "./loopback.ts";

/** One file of one revision of a Hugging Face repository. */
export interface HubFileName {
  readonly owner: string;
  readonly repo: string;
  /** A branch, tag or commit; `main` unless the URI says otherwise. */
  readonly revision: string;
  /** Path inside the repository, segments joined by `/`. */
  readonly file: string;
}

export type ModelUri =
  /** As written: may be relative, or begin with `~/`, which only an adapter can expand. */
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "http"; readonly url: string }
  | ({ readonly kind: "hf" } & HubFileName)
  | { readonly kind: "stub"; readonly name: string };

const forms =
  "Write a path (/models/a.gguf, ./a.gguf, ~/a.gguf), file:///models/a.gguf, https://host/a.gguf " +
  "(http: only for this machine), hf:owner/repo/file.gguf, hf:owner/repo/file.gguf@revision, or stub:NAME.";

const maxUriLength = 2048;
const partSuffix = /-(\d{5})-of-(\d{5})$/;
const quantisationSuffix =
  /[-._](?:ud[-_])?(?:i?q\d+(?:_[a-z0-9]+)*|tq\d_\d|mxfp\d(?:_moe)?|nvfp\d|bf16|fp?16|fp?32|fp8)$/;

/** Reads where a model comes from. Throws MusterError `invalid_request` that lists the forms there are. */
export function parseModelUri(text: string): ModelUri {
  const uri = text.trim();
  if (uri === "") throw badUri(text, "it is empty");
  if (uri.length > maxUriLength) throw badUri(`${uri.slice(0, 60)}…`, `it is longer than ${maxUriLength}`);
  if (hasControlCharacter(uri)) throw badUri(text, "it contains control characters");
  // Two letters at least: `C:\models` is a path, not a scheme.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return { kind: "path", path: uri };
    case "file":
      return parseFile(uri);
    case "http":
    case "https":
      return parseHttp(uri);
    case "hf":
      return { kind: "hf", ...parseHub(uri) };
    case "stub":
      return parseStub(uri);
    default:
      throw badUri(uri, `"${scheme}:" is not known (a file whose name has a colon: put ./ before it)`);
  }
}

/** What two spellings of one place have in common: for messages, manifests and comparisons. */
export function formatModelUri(uri: ModelUri): string {
  switch (uri.kind) {
    case "path":
      return uri.path;
    case "http":
      return uri.url;
    case "hf":
      return `hf:${uri.owner}/${uri.repo}/${uri.file}@${uri.revision}`;
    case "stub":
      return `stub:${uri.name}`;
  }
}

/**
 * The name a model is served under unless its owner chose one: the file's name in lower case, without extension, part
 * number and quantisation (`gemma-3-270m-it-Q4_K_M.gguf` -> `gemma-3-270m-it`).
 */
export function defaultModelName(uri: ModelUri): string {
  if (uri.kind === "stub") return uri.name.toLowerCase();
  const name = lastSegment(uri)
    .toLowerCase()
    .replace(/\.gguf$/, "")
    .replace(partSuffix, "")
    .replace(quantisationSuffix, "")
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[-._]+|[-._]+$/g, "");
  return name === "" ? "model" : name;
}

function lastSegment(uri: Exclude<ModelUri, { kind: "stub" }>): string {
  switch (uri.kind) {
    case "path":
      return uri.path.split(/[/\\]/).at(-1) ?? "";
    case "hf":
      return uri.file.split("/").at(-1) ?? "";
    case "http":
      return decodeLoosely(new URL(uri.url).pathname.split("/").at(-1) ?? "");
  }
}

function decodeLoosely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseFile(uri: string): ModelUri {
  const url = readUrl(uri);
  // `file:a.gguf` would silently mean /a.gguf.
  if (!/^file:\//i.test(uri)) throw badUri(uri, "file: needs an absolute path");
  if (url.hostname !== "" && url.hostname !== "localhost") {
    throw badUri(uri, `file: cannot reach the host "${url.hostname}"`);
  }
  const path = decode(url.pathname, uri);
  if (hasControlCharacter(path)) throw badUri(uri, "it contains control characters");
  return { kind: "path", path: /^\/[A-Za-z]:/.test(path) ? path.slice(1) : path };
}

function parseHttp(uri: string): ModelUri {
  const url = readUrl(uri);
  if (url.username !== "" || url.password !== "") {
    throw badUri(
      `${url.protocol}//…@${url.host}${url.pathname}`,
      "a URL with a password would end up in logs",
    );
  }
  if (url.protocol === "http:" && !isLoopbackHost(url.hostname)) {
    throw badUri(uri, "http: is not encrypted and is allowed for this machine only; use https:");
  }
  url.hash = "";
  const page = /^\/([^/]+)\/([^/]+)\/(?:resolve|blob)\/([^/]+)\/(.+)$/.exec(url.pathname);
  if (url.host === "huggingface.co" && page !== null) {
    // The address that people copy from the browser names a file that hf: can fetch with its checksum.
    const [owner, repo, revision, file] = page.slice(1).map((part) => decode(part, uri));
    return { kind: "hf", ...checkHub(uri, { owner, repo, revision, file }) };
  }
  return { kind: "http", url: url.href };
}

function parseHub(uri: string): HubFileName {
  const found = /^hf:(?:\/\/)?([^/@]+)\/([^/@]+)(?:@([^/]+))?\/(.+?)(?:(?<=\.gguf)@(.+))?$/i.exec(uri);
  if (found === null) throw badUri(uri, "hf: needs an owner, a repository and a file");
  const [, owner, repo, early, file, late] = found;
  if (early !== undefined && late !== undefined) throw badUri(uri, "it names two revisions");
  return checkHub(uri, { owner, repo, revision: early ?? late ?? "main", file });
}

function checkHub(
  uri: string,
  parts: { readonly [K in keyof HubFileName]: string | undefined },
): HubFileName {
  const { owner = "", repo = "", revision = "", file = "" } = parts;
  const plain = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
  if (!plain.test(owner) || owner.includes("..")) throw badUri(uri, `"${owner}" cannot be an owner`);
  if (!plain.test(repo) || repo.includes("..")) throw badUri(uri, `"${repo}" cannot be a repository`);
  if (!/^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$/.test(revision) || /\.\.|\/\/|\/$/.test(revision)) {
    throw badUri(uri, `"${revision}" cannot be a revision`);
  }
  if (file.split("/").some((part) => part === "" || part === "." || part === "..") || /[\\?#]/.test(file)) {
    throw badUri(uri, `"${file}" cannot be a file of a repository`);
  }
  if (hasControlCharacter(file)) throw badUri(uri, "it contains control characters");
  if (!/\.gguf$/i.test(file)) throw badUri(uri, "the file must end in .gguf");
  return { owner, repo, revision, file };
}

function parseStub(uri: string): ModelUri {
  const name = uri.slice("stub:".length);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) {
    throw badUri(uri, "stub: needs a name of letters, digits, dots, dashes and underscores");
  }
  return { kind: "stub", name };
}

function readUrl(uri: string): URL {
  try {
    return new URL(uri);
  } catch (cause) {
    throw badUri(uri, "it is not a URL that can be read", cause);
  }
}

function decode(text: string, uri: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw badUri(uri, "its percent signs do not form characters", cause);
  }
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((character) => character < " " || character === "\u007f");
}

function badUri(uri: string, why: string, cause?: unknown): MusterError {
  // A query may hold a key.
  const shown = uri.replace(/\?.*$/s, "?…");
  return new MusterError("invalid_request", `"${shown}" does not name a model: ${why}. ${forms}`, {
    param: "model",
    cause,
  });
}
