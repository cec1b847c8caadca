import { MusterError } from "@muster/base";

const maxKeyLength = 512;
const maxNameLength = 200;
const namePattern = /^[A-Za-z0-9._-]+$/;

/** Whether it may be one of the names that a key is made of. */
export function isKeyName(name: string): boolean {
  return name.length <= maxNameLength && name !== "." && name !== ".." && namePattern.test(name);
}

/** The names that a key is made of. Throws `invalid_request` for what is no key. */
export function keyNames(key: string): readonly string[] {
  if (isKey(key)) return key.split("/");
  throw badKey("key", key);
}

export function isKey(text: string): boolean {
  return text.length <= maxKeyLength && text.split("/").every(isKeyName);
}

/** The names that lead to a prefix. Throws `invalid_request` where it does not end with a slash. */
export function prefixNames(prefix: string): readonly string[] {
  if (!prefix.endsWith("/")) throw badKey("prefix", prefix);
  return keyNames(prefix.slice(0, -1));
}

/** `after` is a point in the order of keys: it need not be an object's. */
export function checkAfter(after: string): void {
  keyNames(after.replace(/\/$/, ""));
}

function badKey(what: "key" | "prefix", text: string): MusterError {
  const shown = JSON.stringify(text.slice(0, 80));
  return new MusterError(
    "invalid_request",
    `${shown} is no ${what} of the object store: write names of A-Z a-z 0-9 . _ - (${maxNameLength} characters at ` +
      `most, and neither . nor ..) joined by slashes${what === "prefix" ? ", with a slash at the end" : ""}.`,
  );
}
