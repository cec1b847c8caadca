import { chmod, link, lstat, mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Log, MusterError } from "@muster/base";
import { createFile, directoryMode } from "./files.ts";

const ownersOnly = 0o600;
const maxBytes = 4_096;

/** The text of a file, without its line end; undefined where there is none. */
async function readSecretFile(path: string, log: Log): Promise<string | undefined> {
  const found = await lstat(path).catch(unlessMissing);
  if (found === undefined) return undefined;
  if (!found.isFile() || found.size > maxBytes)
    throw new MusterError("internal", `${path} is no file that Muster has made. Move it away.`);
  // On Windows the mode says nothing: the folder's rights count.
  if (process.platform !== "win32" && (found.mode & 0o077) !== 0) {
    log.warn({ path }, "a secret could be read by others: now only by its owner");
    await chmod(path, ownersOnly);
  }
  const text = (await readFile(path, "utf8")).trim();
  if (text !== "") return text;
  throw new MusterError("internal", `${path} is empty. Remove it: a new one is made at the next start.`);
}

/** Reads a secret, or makes it: of several that do so at once all get the same. Durable, and its owner's alone. */
export async function readOrMakeSecretFile(
  path: string,
  deps: { readonly make: () => string; readonly unique: string; readonly log: Log },
): Promise<{ readonly text: string; readonly isNew: boolean }> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: directoryMode });
  await warnIfOpen(directory, deps.log);
  const known = await readSecretFile(path, deps.log);
  if (known !== undefined) return { text: known, isNew: false };
  const draft = join(directory, `.${deps.unique}.draft`);
  const text = deps.make();
  try {
    const handle = await createFile(draft);
    try {
      await handle.writeFile(`${text}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Fails where somebody else has been quicker: then theirs counts.
    const isNew = await link(draft, path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
        return false;
      },
    );
    if (isNew) await syncFolder(directory);
    const kept = isNew ? text : await readSecretFile(path, deps.log);
    return { text: kept ?? text, isNew };
  } finally {
    await rm(draft, { force: true });
  }
}

/** Whoever can write into the folder can put a secret there that they know. */
async function warnIfOpen(directory: string, log: Log): Promise<void> {
  if (process.platform === "win32") return;
  const { mode } = await stat(directory);
  if ((mode & 0o022) !== 0)
    log.warn({ directory }, "others can write into the folder of secrets: chmod go-w");
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}
