import type { Clock } from "@muster/base";
import type { Reading } from "../../core/idle-policy.ts";

/** One way to find something out; undefined: it does not work here, or not now. */
export type Way<T> = () => Promise<T | undefined>;

/** Where no way has ever worked they are tried again this often: somebody may have installed something. */
const retryMs = 60_000;

/** Asks one way after another until one answers. The one that has answered is asked first from then on. */
export function firstAnswer<T>(ways: readonly Way<T>[], clock: Clock): Way<T> {
  let known: Way<T> | undefined;
  let failedAtMs: number | undefined;
  return async () => {
    if (failedAtMs !== undefined && clock.nowMs() - failedAtMs < retryMs) return undefined;
    const answer = await known?.();
    if (answer !== undefined) return answer;
    for (const way of ways) {
      if (way === known) continue;
      const found = await way();
      if (found === undefined) continue;
      known = way;
      failedAtMs = undefined;
      return found;
    }
    if (known === undefined) failedAtMs = clock.nowMs();
    return undefined;
  };
}

/** Asks again only after a while; what could not be told is asked again at once. */
export function keptFor<T>(keptMs: number, way: Way<T>, clock: Clock): Way<T> {
  let kept: { readonly value: T; readonly atMs: number } | undefined;
  return async () => {
    if (kept !== undefined && clock.nowMs() - kept.atMs < keptMs) return kept.value;
    const value = await way();
    kept = value === undefined ? undefined : { value, atMs: clock.nowMs() };
    return value;
  };
}

export function readingOf<T>(value: T | undefined, why: string): Reading<T> {
  return value === undefined ? { kind: "unknown", why } : { kind: "known", value };
}

/** A whole number that stands alone; anything else is none. */
export function wholeNumberIn(text: string | undefined): number | undefined {
  const found = /^\s*(\d{1,16})\s*$/.exec(text ?? "");
  return found === null ? undefined : Number(found[1]);
}
