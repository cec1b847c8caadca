/** A certificate with those that vouch for it, and its key; both PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** What a listener for clients shows of itself, renewed while it runs. */
export interface ServerCertificates {
  current(): CertificatePair;
  /** Calls back with each new one; the result ends that. */
  onChange(changed: (pair: CertificatePair) => void): () => void;
  close(): void;
}
