import { MusterError } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import type { ObjectStore } from "../../ports/object-store.ts";

const secretBytes = 32;

/**
 * The secret that tickets of lines are computed with: made by whichever orchestrator comes first, and the same for all.
 * Where it is lost, late results of the time before are refused, and their lines are run again.
 */
export async function ticketSecret(
  store: ObjectStore,
  random: (bytes: number) => Uint8Array,
): Promise<Uint8Array> {
  await store.putIfAbsent(objectKeys.ticketSecret, random(secretBytes));
  const secret = await store.get(objectKeys.ticketSecret);
  if (secret?.length === secretBytes) return secret;
  throw new MusterError(
    "store_unavailable",
    `The object store gives no secret of ${secretBytes} bytes at ${objectKeys.ticketSecret}: remove what is there, and start again.`,
  );
}
