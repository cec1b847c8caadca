import { MusterError } from "@muster/base";

/** The system's name for what a call failed with: `ENOENT`. */
export function errnoOf(error: unknown): string | undefined {
  const isSystems = error instanceof Error && "syscall" in error && "code" in error;
  return isSystems && typeof error.code === "string" ? error.code : undefined;
}

/** An error as the system would have given it. */
export function systemError(errno: string, path: string): Error {
  return Object.assign(new Error(`${errno}: ${path}`), { code: errno, syscall: "none" });
}

/** What the file system refused, as ours; anything else as it was. */
function storeError(error: unknown, directory: string): unknown {
  const errno = errnoOf(error);
  switch (errno) {
    case undefined:
      return error;
    case "ENOSPC":
    case "EDQUOT":
      return new MusterError(
        "store_full",
        `There is no room left in the object store's directory ${directory} (${errno}). Delete files of old batches, ` +
          "or make its disk or quota larger; what waits goes on by itself then.",
        { cause: error },
      );
    case "ELOOP":
      return symbolicLink(directory, error);
    default:
      return new MusterError(
        "store_unavailable",
        `The object store's directory ${directory} cannot be used (${messageOf(error)}). See to it that it is there, ` +
          "that its disk works, and that Muster's user may read and write it.",
        { cause: error },
      );
  }
}

export function keyConflict(): MusterError {
  return new MusterError(
    "invalid_request",
    "A store in a directory cannot have an object whose key is the beginning of another's, as a and a/b.",
  );
}

export function symbolicLink(path: string, cause?: unknown): MusterError {
  return new MusterError(
    "store_unavailable",
    `There is a symbolic link in the object store, at or below ${path}. Links are not followed: replace it by what it ` +
      "points to.",
    { cause },
  );
}

/** Runs `work`; what the file system refuses in it is thrown as ours. */
export async function onDisk<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeError(error, directory);
  }
}

/** Undefined where it fails with one of these. */
export async function unless<T>(errnos: readonly string[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (errnos.includes(errnoOf(error) ?? "")) return undefined;
    throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
