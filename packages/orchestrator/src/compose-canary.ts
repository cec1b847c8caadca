import { randomUUID } from "node:crypto";
import type { Background, Clock, Lifecycle, Log } from "@muster/base";
import { type GoldenPrompt, tinyGemmaGolden, tinyGemmaSha256 } from "@muster/models";
import { sha256 } from "./adapters/common/sha256.ts";
import { createRedisProvenReplicas } from "./adapters/redis/proven-replicas.ts";
import type { OrchestratorConfig } from "./config.ts";
import type { Replica } from "./core/fleet/worker.ts";
import type { AttemptTable } from "./flows/attempt-table.ts";
import { Canary } from "./flows/canary.ts";
import type { FleetRegistry } from "./flows/fleet-registry.ts";

/** Builds what asks replicas their golden prompts; it acts on the registry's events. */
export function startCanary(deps: {
  readonly config: OrchestratorConfig;
  readonly address: string;
  readonly fleet: FleetRegistry;
  readonly attempts: AttemptTable;
  readonly goldenFor?: (replica: Replica) => readonly GoldenPrompt[];
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): Canary {
  const { config, address, fleet, attempts, clock, log, background, lifecycle } = deps;
  const proven = createRedisProvenReplicas({ address, prefix: config.redisPrefix, digest: sha256, log });
  const canary = new Canary({
    ...{ fleet, attempts, proven, clock, log, background, mode: config.canary },
    goldenFor: deps.goldenFor ?? builtInGolden,
    newId: () => `canary-${randomUUID()}`,
  });
  lifecycle.onStop("canary", () => {
    canary.close();
    proven.close();
  });
  return canary;
}

/** Of the model that comes with Muster; of others nothing is known here. */
function builtInGolden({ modelSha256, modelUri }: Replica): readonly GoldenPrompt[] {
  return modelSha256 === tinyGemmaSha256 || modelUri === "builtin:tiny-gemma" ? tinyGemmaGolden : [];
}
