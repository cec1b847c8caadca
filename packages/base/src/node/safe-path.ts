import { constants } from "node:fs";
import { type FileHandle, lstat, open, realpath } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { MusterError } from "../pure/muster-error.ts";

/**
 * The one way from names that came from outside to files: `pathInside` makes the path, `requireUnlinked` looks whether a
 * link leads out of the directory, and `openRegular` or the flags open it. Nobody else joins such names.
 */

const maxNameBytes = 200;
const windowsDevice = /^(?:con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])(?:\.|$)/i;
const forbiddenCharacter = /[/\\:*?"<>|]/;

/** Not there on Windows, where only administrators make links. */
const noFollow = constants.O_NOFOLLOW ?? 0;
/** A named pipe would hold up a thread for ever without it. */
const noWait = constants.O_NONBLOCK ?? 0;

/** Flags for files at paths that were made of names from outside. */
export const openFlags = {
  read: constants.O_RDONLY | noFollow | noWait,
  create: constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | noFollow,
  update: constants.O_RDWR | constants.O_CREAT | noFollow | noWait,
  folder: constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | noFollow,
} as const;

/** Why this cannot be the name of a file or folder on every platform; undefined: it can. */
export function refusedName(name: string): string | undefined {
  if (name === "" || name === "." || name === "..") return "it is no name";
  if (forbiddenCharacter.test(name)) return "it has characters that separate or select files";
  if ([...name].some((character) => character < " " || character === "\u007f"))
    return "it has control characters";
  if (name.startsWith(" ") || /[ .]$/.test(name)) return "it begins with a space, or ends with one or a dot";
  if (windowsDevice.test(name)) return "Windows keeps it for a device";
  if (/\p{Surrogate}/u.test(name)) return "it has half a character";
  if (Buffer.byteLength(name) > maxNameBytes) return `it is longer than ${maxNameBytes} bytes`;
  return undefined;
}

/**
 * The path that names lead to below a directory. Throws MusterError `invalid_request` for one that is no plain name on
 * every platform.
 * @param what how messages call the directory
 */
export function pathInside(
  directory: string,
  names: readonly string[],
  what: { readonly place: string; readonly param?: string },
): string {
  for (const name of names) {
    const why = refusedName(name);
    if (why !== undefined) throw unsafe(name, why, what);
  }
  const root = resolve(directory);
  const path = join(root, ...names);
  if (names.length === 0 || !isBelow(root, path)) {
    throw unsafe(names.join("/"), `it leaves ${what.place}`, what);
  }
  return path;
}

/** Whether a path leads into a directory, by its text alone. Both are absolute. */
export function isBelow(directory: string, path: string): boolean {
  const inside = relative(directory, path);
  return inside !== "" && inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}

/**
 * Resolves where neither `path` nor any folder between it and `directory` is a link; what is not there yet is none. The
 * directory itself may be one: that was its owner's choice. Throws MusterError `invalid_request`.
 */
export async function requireUnlinked(directory: string, path: string, place: string): Promise<void> {
  const root = resolve(directory);
  if (!isBelow(root, resolve(path))) throw linked(path, place);
  const names = relative(root, resolve(path)).split(sep);
  let at = root;
  for (const name of names) {
    at = join(at, name);
    const found = await lstat(at).catch((error: unknown) => {
      if (isAbsent(error)) return undefined;
      throw error;
    });
    if (found === undefined) return;
    if (found.isSymbolicLink()) throw linked(name, place);
  }
}

/** Whether a path leads into a directory when all links are followed; what is not there leads nowhere. */
export async function leadsInto(directory: string, path: string): Promise<boolean> {
  const [root, real] = await Promise.all([realOf(directory), realOf(path)]);
  return root !== undefined && real !== undefined && isBelow(root, real);
}

/** Whether a folder is there under the path that is written; `linked`: a link leads to it. */
export async function realFolder(path: string): Promise<"there" | "missing" | "linked"> {
  const real = await realOf(path);
  if (real === undefined) return "missing";
  return real === path ? "there" : "linked";
}

/**
 * Opens a regular file for reading, never waiting. Undefined for what is no file: a folder, a pipe, a device. Throws what
 * the system says: ENOENT, and ELOOP for a link where none is followed.
 */
export async function openRegular(
  path: string,
  { followsLinks }: { readonly followsLinks: boolean },
): Promise<FileHandle | undefined> {
  // Asked first: opening a device may do something.
  if (followsLinks && !(await isRegular(path))) return undefined;
  const handle = await open(path, followsLinks ? constants.O_RDONLY | noWait : openFlags.read);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return undefined;
}

async function isRegular(path: string): Promise<boolean> {
  return (await lstat(await realpath(path))).isFile();
}

async function realOf(path: string): Promise<string | undefined> {
  return await realpath(path).catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function unsafe(name: string, why: string, { place, param }: { place: string; param?: string }): MusterError {
  const shown = JSON.stringify(name.length <= 200 ? name : `${name.slice(0, 200)}…`);
  return new MusterError("invalid_request", `${shown} cannot be a name in ${place}: ${why}.`, {
    ...(param === undefined ? {} : { param }),
  });
}

function linked(name: string, place: string): MusterError {
  return new MusterError(
    "invalid_request",
    `"${name}" in ${place} is a link, and links are not followed there: replace it by what it points to.`,
  );
}
