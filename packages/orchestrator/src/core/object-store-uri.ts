import { MusterError } from "@muster/base";
import { isKeyName } from "./object-key.ts";

export interface S3Location {
  readonly kind: "s3";
  readonly bucket: string;
  /** Before every key: "" or names joined by slashes, with a slash at the end. */
  readonly prefix: string;
  /** Undefined: AWS. */
  readonly endpoint: string | undefined;
  /** Undefined: what the SDK finds in the environment. */
  readonly region: string | undefined;
  readonly forcePathStyle: boolean;
}

export type ObjectStoreLocation = { readonly kind: "directory"; readonly path: string } | S3Location;

const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const options = ["endpoint", "region", "path-style"];

/**
 * Where files and batches are kept: a directory (as a path or a `file://` URI), or
 * `s3://bucket/prefix?endpoint=...&region=...&path-style=true`. Throws `invalid_request`.
 */
export function parseObjectStoreUri(text: string): ObjectStoreLocation {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return directory(text, text);
  if (scheme === "file") return directory(pathOf(text), text);
  if (scheme === "s3") return s3(text);
  throw wrong(text, `"${scheme}://" is not known`);
}

function directory(path: string, text: string): ObjectStoreLocation {
  if (path.trim() === "" || path.includes("\0")) throw wrong(text, "it names no directory");
  return { kind: "directory", path };
}

function pathOf(text: string): string {
  const url = parsed(text);
  if (url.host !== "" || url.search !== "" || url.hash !== "")
    throw wrong(
      text,
      "a file URI has three slashes and nothing behind the path, as in file:///var/lib/muster",
    );
  return decoded(url.pathname, text);
}

function s3(text: string): S3Location {
  const url = parsed(text);
  if (url.username !== "" || url.password !== "")
    throw wrong(text, "keys do not belong there: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  if (url.port !== "" || url.hash !== "" || !bucketPattern.test(url.hostname))
    throw wrong(text, "behind s3:// the name of a bucket must follow (3 to 63 of a-z 0-9 . -)");
  for (const name of url.searchParams.keys())
    if (!options.includes(name)) throw wrong(text, `"${name}" is no option; there are ${options.join(", ")}`);
  const endpoint = optional(url, "endpoint");
  if (endpoint !== undefined && !isEndpoint(endpoint))
    throw wrong(text, "the endpoint must be http:// or https:// with a host and nothing behind it");
  return {
    kind: "s3",
    bucket: url.hostname,
    prefix: prefixOf(url, text),
    endpoint,
    region: optional(url, "region"),
    forcePathStyle: isPathStyle(url, text, endpoint),
  };
}

function prefixOf(url: URL, text: string): string {
  const names = decoded(url.pathname, text)
    .split("/")
    .filter((name, index, all) => name !== "" || (index > 0 && index < all.length - 1));
  if (!names.every(isKeyName))
    throw wrong(text, "the prefix may hold names of A-Z a-z 0-9 . _ - and slashes");
  return names.map((name) => `${name}/`).join("");
}

/** Servers other than AWS seldom have a host name for each bucket. */
function isPathStyle(url: URL, text: string, endpoint: string | undefined): boolean {
  const given = optional(url, "path-style");
  if (given === undefined) return endpoint !== undefined;
  if (given === "true" || given === "false") return given === "true";
  throw wrong(text, "path-style is true or false");
}

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, search, hash, username, password } = new URL(text);
  const isBare = pathname === "/" && `${search}${hash}${username}${password}` === "";
  return isBare && (protocol === "http:" || protocol === "https:");
}

function optional(url: URL, name: string): string | undefined {
  return url.searchParams.get(name) || undefined;
}

function parsed(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw wrong(text, "it is no URI");
}

function decoded(path: string, text: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw wrong(text, "its path is not properly percent-encoded");
  }
}

/** Never shows what may be a password. */
function wrong(text: string, why: string): MusterError {
  const shown = text.replace(/\/\/[^/]*@/, "//***@");
  return new MusterError(
    "invalid_request",
    `The object store "${shown}" cannot be used: ${why}. Write a directory, such as /var/lib/muster/objects, or ` +
      "s3://bucket/prefix?endpoint=https://host:9000&region=us-east-1&path-style=true.",
  );
}
