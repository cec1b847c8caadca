import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MusterError } from "@muster/base";

/**
 * The built child's file. Node 20 cannot run TypeScript: from the sources (under test) the build is used.
 * Throws MusterError `model_load_failed` when it is missing.
 */
export function findChildEntry(): string {
  const isBuilt = import.meta.url.endsWith(".js");
  const place = isBuilt ? "./child-main.js" : "../../../dist/adapters/node-llama-cpp/child-main.js";
  const entry = fileURLToPath(new URL(place, import.meta.url));
  if (!existsSync(entry)) {
    throw new MusterError(
      "model_load_failed",
      `The engine's program ${entry} is missing. Build it first: pnpm exec tsc -b packages/worker.`,
    );
  }
  return entry;
}
