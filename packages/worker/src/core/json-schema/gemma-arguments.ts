import { MusterError } from "@muster/base";
import { longestOpenPrefix } from "../stop-matcher.ts";
import { gemmaMark } from "./gemma-syntax.ts";

/** Turns Gemma's argument syntax into JSON text, piece by piece: what `push` gives adds up to one JSON object. */
export interface GemmaArgumentsReader {
  /** Throws `engine_failed` at the first character that cannot be. */
  push(text: string): string;
  /** Whether the object has been closed. */
  readonly isComplete: boolean;
}

export function createGemmaArgumentsReader(): GemmaArgumentsReader {
  return new Reader();
}

/** The JSON text of complete arguments. Throws `engine_failed`. */
export function parseGemmaArguments(text: string): string {
  const reader = createGemmaArgumentsReader();
  const json = reader.push(text);
  if (!reader.isComplete)
    throw new MusterError("engine_failed", "The arguments of a tool call end too early.");
  return json;
}

/** What may come next, where no string is open. `nothing`: the object has been closed. */
type Expected = "object" | "first-key" | "key" | "colon" | "first-value" | "value" | "separator" | "nothing";

const bareValue = /^(true|false|null|-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)$/;
const structural = /[:,{}[\]<|"]/;

class Reader implements GemmaArgumentsReader {
  readonly #open: ("{" | "[")[] = [];
  #expected: Expected = "object";
  #inString = false;
  /** Text that cannot be told yet: the beginning of a mark, a name or a number. */
  #held = "";

  get isComplete(): boolean {
    return this.#expected === "nothing";
  }

  push(text: string): string {
    let rest = this.#held + text;
    let json = "";
    while (rest !== "") {
      const taken = this.#inString ? this.#takeString(rest) : this.#takeOne(rest);
      json += taken.json;
      rest = taken.rest;
      if (taken.isWaiting) break;
    }
    this.#held = rest;
    return json;
  }

  #takeString(text: string): Taken {
    const end = text.indexOf(gemmaMark);
    if (end < 0) {
      const cut = text.length - longestOpenPrefix(text, [gemmaMark]);
      return { json: escaped(text.slice(0, cut)), rest: text.slice(cut), isWaiting: true };
    }
    this.#inString = false;
    return { json: `${escaped(text.slice(0, end))}"`, rest: text.slice(end + gemmaMark.length) };
  }

  #takeOne(text: string): Taken {
    if (text.startsWith(gemmaMark)) {
      this.#beginScalar();
      this.#inString = true;
      return { json: '"', rest: text.slice(gemmaMark.length) };
    }
    if (gemmaMark.startsWith(text)) return { json: "", rest: text, isWaiting: true };
    const [char = ""] = text;
    return structural.test(char) ? this.#takeSign(char, text.slice(1)) : this.#takeBare(text);
  }

  #takeSign(sign: string, rest: string): Taken {
    const inside = this.#open.at(-1);
    const isValue = this.#expected === "value" || this.#expected === "first-value";
    if (sign === "{" && (isValue || this.#expected === "object")) this.#enter(sign, "first-key");
    else if (sign === "[" && isValue) this.#enter(sign, "first-value");
    else if (sign === "}" && inside === "{" && this.#mayEnd("first-key")) this.#leave();
    else if (sign === "]" && inside === "[" && this.#mayEnd("first-value")) this.#leave();
    else if (sign === ":" && this.#expected === "colon") this.#expected = "value";
    else if (sign === "," && this.#expected === "separator")
      this.#expected = inside === "{" ? "key" : "value";
    else throw unexpected(sign);
    return { json: sign, rest };
  }

  /** A name, a number or a word, which ends where a sign begins. */
  #takeBare(text: string): Taken {
    const end = text.search(structural);
    if (end < 0) return { json: "", rest: text, isWaiting: true };
    const bare = text.slice(0, end);
    const isKey = this.#expected === "key" || this.#expected === "first-key";
    if (!isKey && !bareValue.test(bare)) throw unexpected(bare[0] ?? "");
    this.#beginScalar();
    return { json: isKey ? JSON.stringify(bare) : bare, rest: text.slice(end) };
  }

  #beginScalar(): void {
    switch (this.#expected) {
      case "key":
      case "first-key":
        this.#expected = "colon";
        return;
      case "value":
      case "first-value":
        this.#expected = "separator";
        return;
      case "object":
      case "colon":
      case "separator":
      case "nothing":
        throw unexpected("a value");
      default:
        this.#expected satisfies never;
    }
  }

  #enter(sign: "{" | "[", expected: Expected): void {
    this.#open.push(sign);
    this.#expected = expected;
  }

  #mayEnd(first: Expected): boolean {
    return this.#expected === "separator" || this.#expected === first;
  }

  #leave(): void {
    this.#open.pop();
    this.#expected = this.#open.length === 0 ? "nothing" : "separator";
  }
}

interface Taken {
  readonly json: string;
  readonly rest: string;
  readonly isWaiting?: boolean;
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function unexpected(what: string): MusterError {
  return new MusterError("engine_failed", `The arguments of a tool call have ${what} where it cannot be.`);
}
