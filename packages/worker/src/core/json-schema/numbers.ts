import type { Compiler } from "./compiler.ts";
import { anyOf, literal } from "./gbnf.ts";
import type { Keywords } from "./keywords.ts";
import { type Edge, fractions, wholeNumbers } from "./number-ranges.ts";
import { readNumber } from "./read-keyword.ts";

/** Digits of whole numbers without bounds: all of them survive a double. */
const maxDigits = 15;
const maxWhole = 10 ** maxDigits;
/** Digits after the point of numbers with bounds. */
const maxPlaces = 9;

export function integerRule(schema: Keywords, compiler: Compiler): string {
  const step = readNumber(schema, "multipleOf", compiler);
  if (step !== undefined && step !== 1) throw refuseStep(schema, compiler);
  const { low, high } = readRange(schema, compiler);
  if (low === undefined && high === undefined) {
    return compiler.book.shared("integer", () => `"0" | "-"? [1-9] [0-9]{0,${maxDigits - 1}}`);
  }
  const from = low === undefined ? -Number.MAX_SAFE_INTEGER : wholeFrom(low);
  const to =
    high === undefined ? Number.MAX_SAFE_INTEGER : -wholeFrom({ value: -high.value, isOpen: high.isOpen });
  if (from > Number.MAX_SAFE_INTEGER || to < -Number.MAX_SAFE_INTEGER) throw refuseRange(schema, compiler);
  const bottom = Math.max(from, -Number.MAX_SAFE_INTEGER);
  const top = Math.min(to, Number.MAX_SAFE_INTEGER);
  const negative = wholeNumbers(Math.max(1, -top), -bottom);
  const positive = wholeNumbers(Math.max(0, bottom), top);
  const options = [positive, minus(negative)].filter(isThere);
  if (options.length === 0) throw noNumber(schema, compiler);
  return anyOf(options);
}

export function numberRule(schema: Keywords, compiler: Compiler): string {
  const step = readNumber(schema, "multipleOf", compiler);
  if (step === 1) return integerRule(schema, compiler);
  if (step !== undefined) throw refuseStep(schema, compiler);
  const { low, high } = readRange(schema, compiler);
  if (low === undefined && high === undefined) {
    const whole = `("0" | [1-9] [0-9]{0,${maxDigits - 1}})`;
    return compiler.book.shared("number", () => `"-"? ${whole} ("." [0-9]{1,17})? ([eE] [-+]? [0-9]{1,2})?`);
  }
  if ((low?.value ?? 0) >= maxWhole || (high?.value ?? 0) <= -maxWhole) throw refuseRange(schema, compiler);
  const bottom = low === undefined || low.value <= -maxWhole ? undefined : low;
  const top = high === undefined || high.value >= maxWhole ? undefined : high;
  const options: (string | undefined)[] = [];
  if (top === undefined || top.value >= 0)
    options.push(magnitudes(notBelow(bottom, zero), top, schema, compiler));
  if (bottom === undefined || bottom.value < 0) {
    const low = notBelow(negated(top), { ...zero, isOpen: true });
    options.push(minus(magnitudes(low, negated(bottom), schema, compiler)));
  }
  const possible = options.filter(isThere);
  if (possible.length === 0) throw noNumber(schema, compiler);
  return anyOf(possible);
}

interface Bound {
  readonly value: number;
  readonly isOpen: boolean;
}

/** The tighter one of each pair of keywords. */
function readRange(schema: Keywords, compiler: Compiler) {
  const closedLow = readNumber(schema, "minimum", compiler);
  const openLow = readNumber(schema, "exclusiveMinimum", compiler);
  const closedHigh = readNumber(schema, "maximum", compiler);
  const openHigh = readNumber(schema, "exclusiveMaximum", compiler);
  return {
    low: tighter(closedLow, openLow, (a, b) => a > b),
    high: tighter(closedHigh, openHigh, (a, b) => a < b),
  };
}

function tighter(
  closed: number | undefined,
  open: number | undefined,
  isTighter: (a: number, b: number) => boolean,
): Bound | undefined {
  if (open === undefined) return closed === undefined ? undefined : { value: closed, isOpen: false };
  if (closed !== undefined && isTighter(closed, open)) return { value: closed, isOpen: false };
  return { value: open, isOpen: true };
}

function wholeFrom({ value, isOpen }: Bound): number {
  return isOpen ? Math.floor(value) + 1 : Math.ceil(value);
}

const zero: Bound = { value: 0, isOpen: false };

function notBelow(bound: Bound | undefined, floor: Bound): Bound {
  return bound === undefined || bound.value < floor.value || (bound.value === floor.value && floor.isOpen)
    ? floor
    : bound;
}

function minus(magnitude: string | undefined): string | undefined {
  return magnitude === undefined ? undefined : `"-" ${magnitude}`;
}

function negated(bound: Bound | undefined): Bound | undefined {
  return bound === undefined ? undefined : { value: -bound.value, isOpen: bound.isOpen };
}

/** Numbers without a sign from `low` to `high`, neither of them negative; undefined when there are none. */
function magnitudes(
  low: Bound,
  high: Bound | undefined,
  schema: Keywords,
  compiler: Compiler,
): string | undefined {
  const from = edgeOf(low, schema, compiler);
  const to = high === undefined ? undefined : edgeOf(high, schema, compiler);
  const places = placesFor(from, to);
  const lastWhole = to === undefined ? maxWhole - 1 : to.whole - 1;
  if (to !== undefined && from.whole > to.whole) return undefined;
  if (to !== undefined && from.whole === to.whole)
    return withFraction(from.whole, fractions(from, to, places));
  const between = wholeNumbers(from.whole + 1, lastWhole);
  const options = [
    withFraction(from.whole, fractions(from, null, places)),
    between === undefined ? undefined : `${between} ${fractions(null, null, places)}`,
    to === undefined ? undefined : withFraction(to.whole, fractions(null, to, places)),
  ].filter(isThere);
  return options.length === 0 ? undefined : anyOf(options);
}

function withFraction(whole: number, fraction: string | undefined): string | undefined {
  return fraction === undefined ? undefined : `${literal(String(whole))} ${fraction}`.trimEnd();
}

function edgeOf({ value, isOpen }: Bound, schema: Keywords, compiler: Compiler): Edge {
  const [whole = "", fraction = ""] = String(value).split(".");
  if (!/^[0-9]{1,15}$/.test(whole) || !/^[0-9]{0,15}$/.test(fraction)) throw refuseRange(schema, compiler);
  return { whole: Number(whole), fraction, isOpen };
}

/** Few enough digits that no number rounds to a bound which is left out. */
function placesFor(from: Edge, to: Edge | undefined): number {
  const wholeDigits = String(to?.whole ?? from.whole).length;
  const places = Math.max(1, Math.min(maxPlaces, maxDigits - wholeDigits));
  return Math.max(places, from.fraction.length + 1, (to?.fraction.length ?? 0) + 1);
}

function isThere<T>(value: T | undefined): value is T {
  return value !== undefined;
}

function noNumber(schema: Keywords, compiler: Compiler) {
  return compiler.wrong(schema, "admits no number: its bounds exclude each other.");
}

function refuseStep(schema: Keywords, compiler: Compiler) {
  return compiler.refuse(schema, "multipleOf", 'Leave it out, or list the values in "enum".');
}

function refuseRange(schema: Keywords, compiler: Compiler) {
  const keywords = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"];
  const keyword = keywords.find((name) => schema[name] !== undefined) ?? "minimum";
  return compiler.refuse(
    schema,
    keyword,
    "Use bounds between -1e15 and 1e15 with at most 15 digits after the point.",
  );
}
