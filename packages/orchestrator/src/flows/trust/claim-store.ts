import { MusterError } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { jsonBytes, objectFrom } from "../batches/stored-json.ts";

/**
 * Notes in the object store who vouches for the fleet. Throws `invalid_request` where it belongs to others: workers that
 * joined there would be strangers here, and the other way round.
 */
export async function claimStore(store: ObjectStore, ids: readonly string[]): Promise<void> {
  const key = objectKeys.trustAuthority;
  if (await store.putIfAbsent(key, jsonBytes({ ids }))) return;
  const content = await store.get(key);
  const record = content === undefined ? undefined : objectFrom(content);
  const known = record !== undefined && "ids" in record && Array.isArray(record.ids) ? record.ids : [];
  if (!ids.some((id) => known.includes(id))) {
    throw new MusterError(
      "invalid_request",
      `Another authority vouches for the fleet of this object store (${key} names it). Orchestrators that share a store need the same authority: copy or mount the trust folder of the first one (MUSTER_TRUST_DIR). If that one is lost for good, remove ${key} and invite all workers anew.`,
      { param: "MUSTER_TRUST_DIR" },
    );
  }
  if (ids.some((id) => !known.includes(id))) await store.put(key, jsonBytes({ ids }));
}
