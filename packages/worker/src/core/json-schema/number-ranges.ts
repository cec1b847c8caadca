import { anyOf, literal } from "./gbnf.ts";

/** One end of a range of numbers of one sign, without the sign. */
export interface Edge {
  readonly whole: number;
  /** The digits after the point, without zeros at the end. */
  readonly fraction: string;
  /** Whether the end itself is left out. */
  readonly isOpen: boolean;
}

/** Whole numbers from `from` to `to`, both safe integers and not negative; undefined when there are none. */
export function wholeNumbers(from: number, to: number): string | undefined {
  if (from > to) return undefined;
  const options: string[] = [];
  for (let low = from; low <= to; ) {
    const text = String(low);
    const high = Math.min(to, 10 ** text.length - 1);
    options.push(sameLength(text, String(high)));
    low = high + 1;
  }
  return anyOf(options);
}

function sameLength(low: string, high: string): string {
  if (/^0*$/.test(low) && /^9*$/.test(high)) return digits("0", "9", low.length);
  const [first, last] = [low.charAt(0), high.charAt(0)];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  if (low.length === 1) return digits(first, last, 1);
  if (first === last) return `${literal(first)} ${sameLength(lowRest, highRest)}`;
  const options: string[] = [];
  let [from, to] = [Number(first), Number(last)];
  if (!/^0+$/.test(lowRest)) {
    options.push(`${literal(first)} ${sameLength(lowRest, "9".repeat(lowRest.length))}`);
    from += 1;
  }
  const isCut = !/^9+$/.test(highRest);
  if (isCut) to -= 1;
  if (from <= to) options.push(`${digits(String(from), String(to), 1)} ${digits("0", "9", lowRest.length)}`);
  if (isCut) options.push(`${literal(last)} ${sameLength("0".repeat(highRest.length), highRest)}`);
  return anyOf(options);
}

function digits(from: string, to: string, count: number): string {
  const one = from === to ? literal(from) : `[${from}-${to}]`;
  return count === 1 ? one : `${one}{${count}}`;
}

/**
 * What may follow a whole number: nothing, or a point and up to `places` digits, such that they lie between two
 * fractions (null: no limit). Undefined when nothing may.
 */
export function fractions(low: Edge | null, high: Edge | null, places: number): string | undefined {
  const after = digitsBetween(limit(low), limit(high), places).filter((option) => option !== "");
  const mayBeZero = isZeroAllowed(limit(low), limit(high));
  if (after.length === 0) return mayBeZero ? "" : undefined;
  const written = `"." ${anyOf(after)}`;
  return mayBeZero ? `(${written})?` : written;
}

/** The digits that are left of a limit, as long as what was written is the same as it; null: already apart. */
type Limit = { readonly left: string; readonly isOpen: boolean } | null;

function limit(edge: Edge | null): Limit {
  return edge === null ? null : { left: edge.fraction, isOpen: edge.isOpen };
}

function isZeroAllowed(low: Limit, high: Limit): boolean {
  const isAboveLow = low === null || (low.left === "" && !low.isOpen);
  const isBelowHigh = high === null || high.left !== "" || !high.isOpen;
  return isAboveLow && isBelowHigh;
}

/** Expressions for one to `places` digits (or none: "") that keep within both limits. */
function digitsBetween(low: Limit, high: Limit, places: number): string[] {
  if (low !== null && low.left === "" && !low.isOpen) return digitsBetween(null, high, places);
  if (places === 0) return isZeroAllowed(low, high) ? [""] : [];
  if (high !== null && high.left === "") return low === null && !high.isOpen ? [`"0"{1,${places}}`] : [];
  if (low === null && high === null) return [`[0-9]{1,${places}}`];
  if (low !== null && low.left === "" && high === null) {
    const before = Math.ceil((places - 1) / 2);
    return [`"0"{0,${before}} [1-9] [0-9]{0,${places - 1 - before}}`];
  }
  return [...digitGroups(low, high)].flatMap(({ from, to, low: nextLow, high: nextHigh }) => {
    const tail = digitsBetween(nextLow, nextHigh, places - 1).filter((option) => option !== "");
    const digit = digits(String(from), String(to), 1);
    const mayEnd = isZeroAllowed(nextLow, nextHigh);
    if (tail.length === 0) return mayEnd ? [digit] : [];
    return [`${digit} ${mayEnd ? `(${tail.join(" | ")})?` : anyOf(tail)}`];
  });
}

/** The next digit: the lower limit's, the upper limit's, and what lies between. */
function* digitGroups(low: Limit, high: Limit) {
  const bottom = low === null ? -1 : Number(low.left.charAt(0));
  const top = high === null ? 10 : Number(high.left.charAt(0));
  const nextLow = low === null ? null : { ...low, left: low.left.slice(1) };
  const nextHigh = high === null ? null : { ...high, left: high.left.slice(1) };
  if (bottom === top) yield { from: bottom, to: bottom, low: nextLow, high: nextHigh };
  if (bottom >= top) return;
  if (low !== null) yield { from: bottom, to: bottom, low: nextLow, high: null };
  if (bottom + 1 <= top - 1) yield { from: bottom + 1, to: top - 1, low: null, high: null };
  if (high !== null) yield { from: top, to: top, low: null, high: nextHigh };
}
