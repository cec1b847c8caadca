/** The fingerprints of replicas that have answered their golden prompts right, for all orchestrators of one Redis. */
export interface ProvenReplicas {
  /** Rejects where nobody can say now. */
  has(fingerprint: string): Promise<boolean>;
  /** Kept for a month, so that a restart asks nobody again. Rejects where it cannot be kept. */
  add(fingerprint: string): Promise<void>;
  /** Never throws. */
  close(): void;
}
