import { randomUUID } from "node:crypto";
import { link, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MusterError } from "@muster/base";
import type { Authorities, Authority } from "../../core/trust/authorities.ts";
import type { TrustFolder } from "../../ports/trust-folder.ts";
import { createFile, directoryMode, openFile, readWhole, syncDirectory, writeWhole } from "./files.ts";

const maxBytes = 1024 * 1024;

/** `authorities.json` in a folder that only its user can enter. */
export function createTrustFolder(directory: string): TrustFolder {
  const file = join(directory, "authorities.json");
  /** Durable under another name first; `place` gives it the right one. */
  const write = async (
    authorities: Authorities,
    place: (written: string) => Promise<void>,
  ): Promise<void> => {
    await mkdir(directory, { recursive: true, mode: directoryMode });
    const written = join(directory, `.authorities-${randomUUID()}`);
    const handle = await createFile(written);
    try {
      await writeWhole(
        handle,
        Buffer.from(`${JSON.stringify({ version: 1, authorities }, undefined, 2)}\n`),
        0,
      );
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      await place(written);
      await syncDirectory(directory);
    } finally {
      await rm(written, { force: true });
    }
  };
  return {
    async read() {
      let content: Uint8Array;
      try {
        const handle = await openFile(file);
        try {
          if (process.platform !== "win32" && ((await handle.stat()).mode & 0o077) !== 0) throw tooOpen(file);
          content = await readWhole(handle, 0, maxBytes);
        } finally {
          await handle.close();
        }
      } catch (error) {
        if (isCode(error, "ENOENT")) return undefined;
        throw error instanceof MusterError ? error : damaged(file, error);
      }
      return authoritiesFrom(content, file);
    },
    async create(authorities) {
      let isFirst = true;
      await write(authorities, async (written) => {
        try {
          await link(written, file);
        } catch (error) {
          if (!isCode(error, "EEXIST")) throw error;
          isFirst = false;
        }
      });
      return isFirst;
    },
    replace: (authorities) => write(authorities, (written) => rename(written, file)),
    async publish(certificates) {
      await mkdir(directory, { recursive: true, mode: directoryMode });
      const written = join(directory, `.ca-${randomUUID()}`);
      try {
        await writeFile(written, `${certificates.map((text) => text.trim()).join("\n")}\n`, { mode: 0o644 });
        await rename(written, join(directory, "ca.crt"));
      } finally {
        await rm(written, { force: true });
      }
    },
  };
}

/** A text file that the configuration names; `what` is the setting. Throws `invalid_request`. */
export async function readTextFile(path: string, what: string): Promise<string> {
  try {
    const handle = await open(path, "r");
    try {
      return Buffer.from(await readWhole(handle, 0, maxBytes)).toString("utf8");
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const reason = MusterError.from(cause).message;
    throw new MusterError("invalid_request", `${what} names a file that cannot be read: ${reason}.`, {
      ...{ cause, param: what },
    });
  }
}

function authoritiesFrom(content: Uint8Array, file: string): Authorities {
  try {
    const value = JSON.parse(Buffer.from(content).toString("utf8")) as { authorities?: unknown };
    const list = Array.isArray(value.authorities) ? value.authorities : [];
    const [first, ...others] = list.map(authorityFrom);
    if (first !== undefined) return [first, ...others];
  } catch (error) {
    throw damaged(file, error);
  }
  throw damaged(file, new Error("it names no authority"));
}

function authorityFrom(value: unknown): Authority {
  const { id, certificate, key, crossCertificate, parents, createdAtMs, servesFromMs } = value as Authority;
  const isRight =
    typeof id === "string" &&
    typeof certificate === "string" &&
    (key === undefined || typeof key === "string") &&
    (crossCertificate === undefined || typeof crossCertificate === "string") &&
    Number.isFinite(createdAtMs) &&
    Number.isFinite(servesFromMs);
  if (!isRight) throw new Error("an authority lacks something");
  return { id, certificate, key, crossCertificate, parents: parents ?? [], createdAtMs, servesFromMs };
}

function damaged(file: string, cause: unknown): MusterError {
  const reason = MusterError.from(cause).message;
  const message = `${file} cannot be read: ${reason}. It holds the keys that workers trust: restore it from a backup. Without one, remove it and invite all workers anew.`;
  return new MusterError("internal", message, { cause });
}

function tooOpen(file: string): MusterError {
  return new MusterError(
    "invalid_request",
    `Others on this machine can read ${file}, which holds private keys: chmod 600 ${file}.`,
  );
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
