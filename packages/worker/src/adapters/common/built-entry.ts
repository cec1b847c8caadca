import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MusterError } from "@muster/base";

/**
 * The built file of a child process's program, `folder` being its adapter's. Node 20 cannot run TypeScript: from the
 * sources (under test) the build is used. Throws MusterError `model_load_failed` when it is missing.
 */
export function findBuiltEntry(folder: string, name: string): string {
  const isBuilt = import.meta.url.endsWith(".js");
  const place = isBuilt ? `../${folder}/${name}.js` : `../../../dist/adapters/${folder}/${name}.js`;
  const entry = fileURLToPath(new URL(place, import.meta.url));
  if (!existsSync(entry)) {
    throw new MusterError(
      "model_load_failed",
      `The engine's program ${entry} is missing. Build it first: pnpm exec tsc -b packages/worker.`,
    );
  }
  return entry;
}
