import type { Pieces } from "./families.ts";

/** The event loop is held no longer than about this. */
const sliceMs = 8;

/** Puts pieces together; lets others have their turn meanwhile. */
export async function writeSlowly(pieces: Pieces, nowMs: () => number): Promise<string> {
  const parts: string[] = [];
  let sinceMs = nowMs();
  for (const piece of pieces) {
    if (piece !== "") parts.push(piece);
    if (nowMs() - sinceMs < sliceMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sinceMs = nowMs();
  }
  return parts.join("");
}
