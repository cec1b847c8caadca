import type { CertificateFact, DiskFact, RedisFact } from "../core/findings/facts.ts";

/** What is looked at now and then, since asking takes a while. */
export interface HealthFacts {
  readonly redis: Pick<RedisFact, "memory" | "policy">;
  readonly disks: readonly DiskFact[];
  readonly objectStoreProblem: string | undefined;
  readonly certificates: readonly CertificateFact[];
}

/** What the orchestrator stands on. */
export interface ClusterHealth {
  /** Never rejects: what cannot be learnt is left out, or is what was asked for. */
  look(): Promise<HealthFacts>;
}
