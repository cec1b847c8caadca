import { MusterError } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import { decodeWinners, type WinnerIndex } from "../../core/batches/winners.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";

interface Deps {
  readonly store: ObjectStore;
  readonly digest: Digest;
}

/** The lines that were done when a generation of the ledger began. */
export interface Snapshot {
  readonly gen: number;
  readonly index: WinnerIndex;
}

const digestBytes = 64;

export async function saveSnapshot(deps: Deps, batchId: string, { gen, index }: Snapshot): Promise<void> {
  await deps.store.put(objectKeys.snapshot(batchId, gen), sealed(deps.digest, index));
}

/** Undefined while the batch is in its first generation. */
export async function latestSnapshot(deps: Deps, batchId: string): Promise<Snapshot | undefined> {
  let latest: string | undefined;
  for await (const { key } of deps.store.list(objectKeys.snapshots(batchId))) latest = key;
  const index = latest === undefined ? undefined : await readIndex(deps, latest);
  if (latest === undefined || index === undefined) return undefined;
  return { gen: numberAtEnd(latest), index };
}

/** 0 where no generation was begun. */
export async function latestGeneration(store: ObjectStore, batchId: string): Promise<number> {
  let latest = 0;
  for await (const { key } of store.list(objectKeys.generations(batchId))) latest = numberAtEnd(key);
  return latest;
}

/** The index that the files are made from: the first that was written, whoever wrote it. */
export async function settleFinal(deps: Deps, batchId: string, index: WinnerIndex): Promise<WinnerIndex> {
  const isOurs = await deps.store.putIfAbsent(objectKeys.finalIndex(batchId), sealed(deps.digest, index));
  return isOurs ? index : ((await readFinal(deps, batchId)) ?? index);
}

export function readFinal(deps: Deps, batchId: string): Promise<WinnerIndex | undefined> {
  return readIndex(deps, objectKeys.finalIndex(batchId));
}

async function readIndex({ store, digest }: Deps, key: string): Promise<WinnerIndex | undefined> {
  const bytes = await store.get(key);
  if (bytes === undefined) return undefined;
  const [content, seal] = [bytes.subarray(0, -digestBytes), bytes.subarray(-digestBytes)];
  const index = new TextDecoder().decode(seal) === digest(content) ? decodeWinners(content) : undefined;
  if (index !== undefined) return index;
  throw new MusterError(
    "internal",
    `The object ${key} is damaged: its SHA-256 is not the one at its end. Restore it from a copy of the store.`,
  );
}

function sealed(digest: Digest, index: WinnerIndex): Uint8Array {
  const bytes = index.encode(digestBytes);
  const content = bytes.subarray(0, -digestBytes);
  bytes.set(new TextEncoder().encode(digest(content)), content.length);
  return bytes;
}

function numberAtEnd(key: string): number {
  return Number(key.slice(key.lastIndexOf("/") + 1));
}
