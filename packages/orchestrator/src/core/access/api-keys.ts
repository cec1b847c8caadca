/**
 * Compares a presented secret with the accepted ones, always looking at all of them, through a digest of equal length:
 * the time taken says nothing about how much of it was right.
 */
export function matchesAny(
  presented: string,
  accepted: readonly string[],
  digest: (text: string) => Uint8Array,
): boolean {
  const presentedDigest = digest(presented);
  let isMatch = false;
  for (const candidate of accepted) {
    const candidateDigest = digest(candidate);
    let difference = presentedDigest.length ^ candidateDigest.length;
    for (let i = 0; i < candidateDigest.length; i++) {
      difference |= (presentedDigest[i] ?? 0) ^ (candidateDigest[i] ?? 0);
    }
    isMatch = difference === 0 || isMatch;
  }
  return isMatch;
}
