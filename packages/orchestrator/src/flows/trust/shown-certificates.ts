import type { CertificatePair, ServerCertificates } from "../../ports/server-certificates.ts";

/** What listeners show now, and who is told when that changes. */
export class ShownCertificates implements ServerCertificates {
  readonly #listeners = new Set<(pair: CertificatePair) => void>();
  readonly #onClose: () => void;
  #current: CertificatePair;

  constructor(first: CertificatePair, onClose: () => void) {
    this.#current = first;
    this.#onClose = onClose;
  }

  current(): CertificatePair {
    return this.#current;
  }

  onChange(changed: (pair: CertificatePair) => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  show(pair: CertificatePair): void {
    this.#current = pair;
    for (const changed of this.#listeners) changed(pair);
  }

  close(): void {
    this.#onClose();
  }
}
