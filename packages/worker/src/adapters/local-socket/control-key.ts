import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const keyBytes = 32;
const nonceBytes = 16;
const keyName = "control.key";

/** Where the key of the worker called `name` is: in the folder that only its user can enter. */
export function controlKeyPath(dataDirectory: string, name: string): string {
  return join(dataDirectory, "workers", name, keyName);
}

/** A new key for each start: whoever has seen answers of the last one knows nothing of this one's. */
export async function writeControlKey(path: string): Promise<Uint8Array> {
  const key = randomBytes(keyBytes);
  await writeFile(path, key, { mode: 0o600 });
  return key;
}

export async function readControlKey(path: string): Promise<Uint8Array | undefined> {
  const key = await readFile(path).catch(() => undefined);
  return key?.length === keyBytes ? key : undefined;
}

/** What an answer has to be to: different each time, so that no earlier answer will do. */
export function newNonce(): string {
  return randomBytes(nonceBytes).toString("hex");
}

/** Shows that whoever gives this answer can read the key. */
export function proofOf(key: Uint8Array, nonce: string, answer: string): string {
  return createHmac("sha256", key).update(`${nonce}\n${answer}`).digest("hex");
}

export function isProof(shown: string, key: Uint8Array, said: { nonce: string; answer: string }): boolean {
  const wanted = Buffer.from(proofOf(key, said.nonce, said.answer));
  const given = Buffer.from(shown);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
