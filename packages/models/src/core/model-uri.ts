import { isLoopbackHost, MusterError } from "@muster/base";

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
  /** A file that an administrator has put into the office mirror, and that is on no hub. */
  | { readonly kind: "local"; readonly file: string }
  | UpstreamAddress
  | { readonly kind: "stub"; readonly name: string }
  /** A model that comes with Muster. */
  | { readonly kind: "builtin"; readonly name: string };

/** Files that are brought to a machine, and kept there. */
export type FetchedUri = Extract<ModelUri, { readonly kind: "http" | "hf" | "local" }>;

/** Whether its files are brought to a machine; others lie where they are, or are no files. */
export function isFetched(uri: ModelUri): uri is FetchedUri {
  return uri.kind === "http" || uri.kind === "hf" || uri.kind === "local";
}

/** A model that an OpenAI-compatible server runs. */
export interface UpstreamAddress {
  readonly kind: "openai";
  /** Where its API is, with `/v1` or what stands for it, without a slash at the end. */
  readonly baseUrl: string;
  /** What the server calls it; undefined: its first one. */
  readonly model: string | undefined;
}

const forms =
  "Write a path (/models/a.gguf, ./a.gguf, ~/a.gguf), file:///models/a.gguf, https://host/a.gguf " +
  "(http: only for this machine), hf:owner/repo/file.gguf, hf:owner/repo/file.gguf@revision, " +
  "openai:http://host:port/v1#model, builtin:NAME, local:FILE.gguf (in the office mirror), or stub:NAME.";

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
    case "openai":
      return parseUpstream(uri);
    case "local":
      return { kind: "local", file: parseLocal(uri) };
    case "stub":
    case "builtin":
      return { kind: scheme, name: parseName(uri, scheme) };
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
    case "openai":
      return `openai:${uri.baseUrl}${uri.model === undefined ? "" : `#${encodeFragment(uri.model)}`}`;
    case "local":
      return `local:${uri.file}`;
    case "stub":
    case "builtin":
      return `${uri.kind}:${uri.name}`;
  }
}

/** What a fragment would end at, or change. */
function encodeFragment(model: string): string {
  return model.replace(/[%\s#]/g, (character) => encodeURIComponent(character));
}

/**
 * The name a model is served under unless its owner chose one: the file's name in lower case, without extension, part
 * number and quantisation (`gemma-3-270m-it-Q4_K_M.gguf` -> `gemma-3-270m-it`).
 */
export function defaultModelName(uri: ModelUri): string {
  if (uri.kind === "stub" || uri.kind === "builtin") return uri.name.toLowerCase();
  // Its own name, as its clients know it: `gemma3:4b`, `google/gemma-3-4b-it`.
  if (uri.kind === "openai") return uri.model ?? "upstream";
  const name = lastSegment(uri)
    .toLowerCase()
    .replace(/\.gguf$/, "")
    .replace(partSuffix, "")
    .replace(quantisationSuffix, "")
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[-._]+|[-._]+$/g, "");
  return name === "" ? "model" : name;
}

function lastSegment(uri: Exclude<ModelUri, { kind: "stub" | "builtin" | "openai" }>): string {
  switch (uri.kind) {
    case "path":
      return uri.path.split(/[/\\]/).at(-1) ?? "";
    case "hf":
    case "local":
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

function parseName(uri: string, scheme: "stub" | "builtin"): string {
  const name = uri.slice(scheme.length + 1);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) {
    throw badUri(uri, `${scheme}: needs a name of letters, digits, dots, dashes and underscores`);
  }
  return name;
}

function parseLocal(uri: string): string {
  const file = uri.slice("local:".length);
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]{0,180}$/.test(file) || !/\.gguf$/i.test(file)) {
    throw badUri(uri, "local: needs the name of a .gguf file, of letters, digits, dots, dashes, underscores");
  }
  return file;
}

function parseUpstream(uri: string): UpstreamAddress {
  const address = uri.slice("openai:".length);
  if (!/^https?:\/\//i.test(address)) throw badUri(uri, "openai: needs an http: or https: address");
  const url = readUrl(address);
  if (url.username !== "" || url.password !== "") {
    throw badUri(
      `openai:${url.protocol}//…@${url.host}${url.pathname}`,
      "a URL with a password would end up in logs",
    );
  }
  if (url.search !== "")
    throw badUri(uri, "the address of an API has no query; a key goes into MUSTER_UPSTREAM_KEY");
  const model = decode(url.hash.slice(1), uri);
  if (hasControlCharacter(model)) throw badUri(uri, "it contains control characters");
  return {
    kind: "openai",
    baseUrl: url.origin + url.pathname.replace(/\/+$/, ""),
    model: model === "" ? undefined : model,
  };
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
