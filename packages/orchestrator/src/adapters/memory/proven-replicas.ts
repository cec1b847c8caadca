import type { ProvenReplicas } from "../../ports/proven-replicas.ts";

/** For tests: proofs last as long as the process. */
export function createMemoryProvenReplicas(): ProvenReplicas {
  const proven = new Set<string>();
  return {
    has: async (fingerprint) => proven.has(fingerprint),
    add: async (fingerprint) => void proven.add(fingerprint),
    close() {},
  };
}
