import tls from "node:tls";

/** Newer versions of Node than the oldest that we run on. */
interface NewerTls {
  readonly getCACertificates?: (kind: "default") => string[];
  readonly setDefaultCACertificates?: (certificates: readonly string[]) => void;
}

/** Has this process trust one authority beside those that Node knows. */
export function trustAuthority(pem: string): void {
  const newer: typeof tls & NewerTls = tls;
  if (newer.setDefaultCACertificates !== undefined && newer.getCACertificates !== undefined) {
    newer.setDefaultCACertificates([...newer.getCACertificates("default"), pem]);
    return;
  }
  // What Node's own fetch makes its connections with, and asks for by this name each time.
  const create = tls.createSecureContext;
  tls.createSecureContext = (options) => {
    const secure = create(options);
    const { context } = secure as { context: { addCACert(pem: string): void } };
    context.addCACert(pem);
    return secure;
  };
}
