import type { Compiler } from "./compiler.ts";
import type { Keywords } from "./keywords.ts";

/** The largest number of characters or items that can be counted; more would make llama.cpp's grammar too large. */
const maxCount = 100_000;

export function readCount(schema: Keywords, keyword: string, compiler: Compiler): number | undefined {
  const value = readNumber(schema, keyword, compiler);
  if (value === undefined) return undefined;
  if (!Number.isInteger(value) || value < 0)
    throw wrongValue(schema, keyword, "a whole number from 0", compiler);
  if (value > maxCount) {
    throw compiler.refuse(schema, keyword, `Use at most ${maxCount}, or leave it out.`);
  }
  return value;
}

export function readNumber(schema: Keywords, keyword: string, compiler: Compiler): number | undefined {
  const value = schema[keyword];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isFinite(value))
    throw wrongValue(schema, keyword, "a number", compiler);
  return value;
}

export function readText(schema: Keywords, keyword: string, compiler: Compiler): string | undefined {
  const value = schema[keyword];
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw wrongValue(schema, keyword, "a string", compiler);
  return value;
}

export function readTexts(schema: Keywords, keyword: string, compiler: Compiler): readonly string[] {
  const value = schema[keyword] ?? [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
    throw wrongValue(schema, keyword, "a list of strings", compiler);
  }
  return value;
}

function wrongValue(schema: Keywords, keyword: string, wanted: string, compiler: Compiler) {
  return compiler.wrong(schema, `has a "${keyword}" that is not ${wanted}.`);
}
