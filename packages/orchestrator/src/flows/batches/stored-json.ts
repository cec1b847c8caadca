import { MusterError } from "@muster/base";
import type { ObjectStore } from "../../ports/object-store.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function jsonBytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** A record that this service has written. Undefined where there is none; throws `internal` for one that is damaged. */
export async function readRecord<T extends object>(
  store: ObjectStore,
  key: string,
  fields: readonly (keyof T & string)[],
): Promise<T | undefined> {
  const bytes = await store.get(key);
  if (bytes === undefined) return undefined;
  const record = objectFrom(bytes);
  if (record !== undefined && fields.every((field) => field in record)) return record as T;
  throw new MusterError("internal", `The object ${key} is damaged: it is no record of the kind expected.`);
}

/** Undefined for what is no JSON object. */
export function objectFrom(bytes: Uint8Array): object | undefined {
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
