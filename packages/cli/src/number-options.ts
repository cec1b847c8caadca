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
