import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { chmod, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/base";
import { identityFrom } from "../../core/identity.ts";
import type { IdentityStore } from "../../ports/identity-store.ts";

const namePattern = /^[A-Za-z0-9._-]{1,64}$/;
const maxBytes = 256 * 1_024;

/** `identity/<name>/identity.json` below the data directory, which only its user can enter. */
export function createIdentityFolder(dataDirectory: string): IdentityStore {
  const root = join(dataDirectory, "identity");
  const folderOf = (name: string) => {
    if (namePattern.test(name) && name !== "." && name !== "..") return join(root, name);
    throw new MusterError("invalid_request", "That cannot be a worker's name.");
  };
  return {
    async read(name) {
      const file = join(folderOf(name), "identity.json");
      let text: string;
      try {
        const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
        try {
          if ((await handle.stat()).size > maxBytes) throw new Error("it is too long");
          text = await handle.readFile("utf8");
        } finally {
          await handle.close();
        }
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
        throw damaged(file, error);
      }
      try {
        const identity = identityFrom(JSON.parse(text));
        if (identity === undefined) throw new Error("something is missing in it");
        return identity;
      } catch (error) {
        throw damaged(file, error);
      }
    },
    async write(identity) {
      const folder = folderOf(identity.name);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await chmod(root, 0o700);
      const file = join(folder, "identity.json");
      const written = join(folder, `.identity-${randomUUID()}`);
      try {
        const handle = await open(written, "wx", 0o600);
        try {
          await handle.writeFile(`${JSON.stringify(identity, undefined, 2)}\n`);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(written, file);
      } finally {
        await rm(written, { force: true });
      }
    },
    async names() {
      try {
        const entries = await readdir(root, { withFileTypes: true });
        return entries
          .filter((entry) => entry.isDirectory() && namePattern.test(entry.name))
          .map(({ name }) => name);
      } catch {
        return [];
      }
    },
  };
}

function damaged(file: string, cause: unknown): MusterError {
  const reason = MusterError.from(cause).message;
  return new MusterError(
    "invalid_request",
    `${file}, which makes this machine a worker, cannot be read: ${reason}. Remove it and join again with a new invitation.`,
    { cause },
  );
}
