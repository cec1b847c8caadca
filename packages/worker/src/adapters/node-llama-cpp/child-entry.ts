import { findBuiltEntry } from "../common/built-entry.ts";

/** The built child's file. Throws MusterError `model_load_failed` when it is missing. */
export function findChildEntry(): string {
  return findBuiltEntry("node-llama-cpp", "child-main");
}
