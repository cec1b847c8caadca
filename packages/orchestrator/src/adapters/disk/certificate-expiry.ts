import { X509Certificate } from "node:crypto";

/** Reads when certificates end, in Unix time, each once for as long as it is shown. Those that are undefined are left out. */
export function createExpiryReader(): (
  shown: Readonly<Record<string, string | undefined>>,
) => ReadonlyMap<string, number> {
  const known = new Map<string, { readonly pem: string; readonly endsAtMs: number }>();
  return (shown) => {
    const ends = new Map<string, number>();
    for (const [name, pem] of Object.entries(shown)) {
      if (pem === undefined) continue;
      const before = known.get(name);
      const read = before?.pem === pem ? before : { pem, endsAtMs: endOf(pem) };
      known.set(name, read);
      if (!Number.isNaN(read.endsAtMs)) ends.set(name, read.endsAtMs);
    }
    return ends;
  };
}

/** The first certificate is the one that is shown. NaN for what is none. */
function endOf(pem: string): number {
  try {
    return Date.parse(new X509Certificate(pem).validTo);
  } catch {
    return Number.NaN;
  }
}
