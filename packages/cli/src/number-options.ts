import { parseByteSize } from "@muster/base";
import { InvalidArgumentError } from "commander";

/** For commander: numbers, or a usage error that says which there may be. */

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("It must be a whole number, 1 or more.");
}

export function temperature(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 2) return value;
  throw new InvalidArgumentError("It must be a number from 0 to 2.");
}

/** `50M`, `100k`, `2500`: thousands, millions and so on. */
export function largeNumber(text: string): number {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)([kmgt]?)$/i.exec(text.trim()) ?? [];
  const value = Math.round(Number(count) * 1_000 ** ["", "k", "m", "g", "t"].indexOf(unit.toLowerCase()));
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError("It must be a whole number such as 2500, 100k or 50M.");
}

/** `3`, `0.5`. */
export function shareWeight(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0.01 && value <= 1_000) return value;
  throw new InvalidArgumentError("It must be a number from 0.01 to 1000.");
}

/** `10GB`, `64MiB`. */
export function byteSize(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes !== undefined && bytes >= 1) return bytes;
  throw new InvalidArgumentError("It must be a size such as 10GB or 64MiB.");
}

/** A whole number from 1 to `most`. */
export function atMost(most: number): (text: string) => number {
  return (text) => {
    const value = wholeNumber(text);
    if (value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  };
}
