import type { Hardware } from "@muster/base";
import { parseModelUri, readModelProfile } from "@muster/models";
import { checkAgainstMachine } from "./core/memory-check.ts";
import type { ReplicaSpec } from "./flows/replica-keeper.ts";

/** Looks into the header of each model file before it is loaded. */
export function createMemoryCheck(hardware: Hardware): (path: string, spec: ReplicaSpec) => Promise<void> {
  return async (path, spec) => {
    const { kind } = parseModelUri(spec.modelUri);
    if (kind === "openai" || kind === "stub") return;
    const result = await readModelProfile(path);
    if (result.kind === "profile") checkAgainstMachine(result.profile, spec, hardware);
  };
}
