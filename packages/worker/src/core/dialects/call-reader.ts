import { MusterError } from "@muster/base";
import { createGemmaArgumentsReader, parseGemmaArguments } from "../json-schema/gemma-arguments.ts";
import type { CallForm } from "./dialect.ts";

/** What a piece of a call's text told. */
export interface CallNews {
  /** Once, when the name is whole. */
  readonly name?: string;
  /** The next piece of the JSON text of the arguments. */
  readonly argumentsJson: string;
}

export interface CallReader {
  /** Throws MusterError `engine_failed` where the text leaves the form, which a grammar rules out. */
  push(text: string): CallNews;
  /** Whether the arguments are whole: what follows is the form's end. */
  readonly isComplete: boolean;
}

/** Reads the text of one call that a grammar holds to its form, piece by piece. */
export function createCallReader(form: CallForm): CallReader {
  const values = form.syntax === "gemma" ? createGemmaArgumentsReader() : createJsonReader();
  const nameEnd = form.afterName[0] ?? "{";
  let expected = form.head;
  let name = "";
  let part: "head" | "name" | "after-name" | "arguments" = "head";

  /** Takes what is left of a fixed text; gives the rest of `text`. */
  function takeExpected(text: string): string {
    const length = Math.min(expected.length, text.length);
    if (text.slice(0, length) !== expected.slice(0, length)) throw leftForm();
    expected = expected.slice(length);
    return text.slice(length);
  }

  function takeName(text: string): string {
    const end = text.indexOf(nameEnd);
    name += end < 0 ? text : text.slice(0, end);
    if (end < 0) return "";
    part = "after-name";
    expected = form.afterName;
    return text.slice(end);
  }

  return {
    get isComplete() {
      return values.isComplete;
    },
    push(text) {
      const nameBefore = part === "head" || part === "name";
      let rest = text;
      if (part === "head") {
        rest = takeExpected(rest);
        if (expected === "") part = "name";
      }
      if (part === "name") rest = takeName(rest);
      const isNamed = nameBefore && part === "after-name";
      if (part === "after-name") {
        rest = takeExpected(rest);
        if (expected === "") part = "arguments";
      }
      const argumentsJson =
        part === "arguments" && rest !== "" && !values.isComplete ? values.push(rest) : "";
      return { ...(isNamed ? { name } : {}), argumentsJson };
    },
  };
}

interface ValueReader {
  push(text: string): string;
  readonly isComplete: boolean;
}

/** Gives the text of one JSON object back and ignores what follows it. */
function createJsonReader(): ValueReader {
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  let isComplete = false;
  return {
    get isComplete() {
      return isComplete;
    },
    push(text) {
      for (let place = 0; place < text.length; place++) {
        const char = text[place];
        if (isEscaped) isEscaped = false;
        else if (inString) {
          if (char === "\\") isEscaped = true;
          else if (char === '"') inString = false;
        } else if (char === '"') inString = true;
        else if (char === "{" || char === "[") depth += 1;
        else if (char === "}" || char === "]") depth -= 1;
        if (depth === 0) {
          isComplete = true;
          return text.slice(0, place + 1);
        }
      }
      return text;
    },
  };
}

export interface WrittenCall {
  readonly name: string;
  readonly argumentsJson: string;
}

/** Reads a whole call that no grammar has held; undefined where it is not one. */
export function parseCall(form: CallForm, text: string): WrittenCall | undefined {
  try {
    return form.syntax === "gemma" ? parseGemmaCall(text) : parseJsonCall(text);
  } catch {
    return undefined;
  }
}

/** Reads a text that is nothing but calls, one after the other; undefined where it is anything else. */
export function parseCalls(form: CallForm, text: string): readonly WrittenCall[] | undefined {
  const calls: WrittenCall[] = [];
  for (let rest = text.trim(); rest !== ""; ) {
    const object = createJsonReader();
    const written = object.push(rest);
    const call = object.isComplete ? parseCall(form, written) : undefined;
    const isOneTooMany = calls.length > 0 && form.separator === undefined;
    if (call === undefined || isOneTooMany) return undefined;
    calls.push(call);
    rest = rest.slice(written.length).trimStart();
  }
  return calls;
}

function parseGemmaCall(text: string): WrittenCall | undefined {
  const match = /^call:([^{]+)(\{.*\})$/s.exec(text.trim());
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { name: match[1], argumentsJson: parseGemmaArguments(match[2]) };
}

function parseJsonCall(text: string): WrittenCall | undefined {
  const outer = record(JSON.parse(text));
  const call = record(outer?.["tool_call"]) ?? outer;
  const name = call?.["name"];
  if (call === undefined || typeof name !== "string") return undefined;
  const given = call["arguments"] ?? call["parameters"] ?? {};
  const values = record(typeof given === "string" ? JSON.parse(given) : given);
  return values === undefined ? undefined : { name, argumentsJson: JSON.stringify(values) };
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function leftForm(): MusterError {
  return new MusterError("engine_failed", "The model left the form of a tool call in spite of its grammar.");
}
