import { type CallReader, createCallReader, parseCall, parseCalls, type WrittenCall } from "./call-reader.ts";
import type { Dialect } from "./dialect.ts";
import { findMark } from "./mark-finder.ts";

/** What an answer is read from: its text, and those of the dialect's marks that are tokens of the vocabulary. */
export type AnswerPiece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "mark"; readonly mark: string };

export type AnswerPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "tool-call"; readonly index: number; readonly id: string; readonly name: string }
  | { readonly kind: "tool-arguments"; readonly index: number; readonly text: string };

export interface AnswerParserOptions {
  readonly dialect: Dialect;
  /** Marks that are tokens are known by them alone: the same characters spelled out are text. */
  readonly isTokenMark: (mark: string) => boolean;
  readonly startsIn: "thought" | "answer";
  /** The answer's leading space belongs to what stands before it. */
  readonly isTrimmed: boolean;
  /**
   * `held`: a grammar holds every call and the marks around it are tokens, so that it can be given on piece by piece.
   * `free`: calls are given on when they are whole, and as text where they are none. `none`: there are no calls.
   */
  readonly calls: "held" | "free" | "none";
  /** A grammar holds the answer: a mark inside its text was taken by its characters, and begins nothing. */
  readonly isHeld: boolean;
  readonly toolNames: ReadonlySet<string>;
  readonly makeCallId: () => string;
}

export interface AnswerParser {
  push(piece: AnswerPiece): readonly AnswerPart[];
  /** What was held back, once the answer is over. */
  end(): readonly AnswerPart[];
  readonly phase: Phase;
  /** Whether space that comes now is left out. */
  readonly isLeading: boolean;
  /** The calls that are whole, in order. */
  readonly calls: readonly WrittenCall[];
}

/** `whole`: an answer that may be a call as a whole. */
export type Phase = "thought" | "answer" | "call" | "whole";

/** Tells thoughts, text and calls apart in an answer that comes in pieces; how it was cut makes no difference. */
export function createAnswerParser(options: AnswerParserOptions): AnswerParser {
  return new Parser(options);
}

class Parser implements AnswerParser {
  phase: Phase;
  isLeading: boolean;
  readonly calls: WrittenCall[] = [];
  readonly #options: AnswerParserOptions;
  readonly #parts: AnswerPart[] = [];
  /** Text in which a mark may have begun. */
  #held = "";
  /** Space that is given on only if more text follows. */
  #space = "";
  #hasText = false;
  /** The label that a thought may begin with, while it is not decided whether this one does. */
  #label = "";
  #labelText = "";
  #callText = "";
  #reader: CallReader | undefined;
  #call: { name: string; argumentsJson: string } | undefined;

  constructor(options: AnswerParserOptions) {
    this.#options = options;
    this.phase = options.startsIn;
    this.isLeading = options.startsIn === "thought" || options.isTrimmed;
  }

  push(piece: AnswerPiece): readonly AnswerPart[] {
    if (piece.kind === "mark") {
      this.#take(this.#held);
      this.#held = "";
      this.#takeMark(piece.mark);
    } else {
      this.#takeText(piece.text);
    }
    return this.#parts.splice(0);
  }

  end(): readonly AnswerPart[] {
    this.#take(this.#held);
    this.#held = "";
    switch (this.phase) {
      case "thought":
        break;
      case "answer":
        if (this.calls.length === 0) this.#give("text", this.#space);
        break;
      case "call":
        if (this.#reader === undefined) this.#give("text", this.#openMark() + this.#callText);
        break;
      case "whole":
        this.#endWhole();
        break;
      default:
        this.phase satisfies never;
    }
    return this.#parts.splice(0);
  }

  #takeText(text: string): void {
    let rest = this.#held + text;
    for (;;) {
      const found = findMark(rest, this.#textMarks());
      this.#take(found.text);
      rest = found.rest;
      if (found.mark === undefined) break;
      if (this.#isQuoted(found.mark)) this.#take(found.mark);
      else this.#takeMark(found.mark);
    }
    this.#held = rest;
  }

  /** The marks that text may spell where we are. */
  #textMarks(): readonly string[] {
    const { dialect, isTokenMark, calls } = this.#options;
    const { thought, call } = dialect;
    const marks: (string | undefined)[] = [];
    if (this.phase === "thought") marks.push(thought?.close);
    if (this.phase === "call") marks.push(call.marks?.close);
    if (this.phase === "answer") {
      if (calls !== "none") marks.push(call.marks?.open);
      if (!this.#hasText) marks.push(thought?.open);
    }
    return marks.filter((mark) => mark !== undefined).filter((mark) => !isTokenMark(mark));
  }

  /** A thought's mark that is spelled out after the answer has begun is what the answer is about. */
  #isQuoted(mark: string): boolean {
    return this.phase === "answer" && this.#hasText && mark === this.#options.dialect.thought?.open;
  }

  #takeMark(mark: string): void {
    const { dialect, calls, isHeld } = this.#options;
    const { thought, call } = dialect;
    if (isHeld && this.phase === "answer" && this.#hasText) return;
    if (this.phase === "thought" && mark === thought?.close) this.#enterAnswer();
    else if (this.phase === "answer" && mark === thought?.open) this.#enterThought(thought.label);
    else if (this.phase === "answer" && mark === call.marks?.open && calls !== "none") this.#enterCall();
    else if (this.phase === "call" && mark === call.marks?.close && this.#mayEndCall()) this.#endCall();
    // Inside a call it is a mark of the syntax, or its grammar took it for text; elsewhere a stray one, no text.
    else if (this.phase === "call") this.#take(mark);
  }

  #enterThought(label: string): void {
    this.phase = "thought";
    this.#label = label;
    this.#labelText = "";
    this.isLeading = true;
    this.#space = "";
  }

  #enterAnswer(): void {
    this.phase = "answer";
    this.isLeading = true;
    this.#space = "";
  }

  #enterCall(): void {
    this.phase = "call";
    this.#callText = "";
    this.#call = undefined;
    this.#space = "";
    this.#reader = this.#options.calls === "held" ? createCallReader(this.#options.dialect.call) : undefined;
  }

  /** A grammar sees a mark's characters only, which the strings of the arguments may hold. */
  #mayEndCall(): boolean {
    return this.#reader === undefined || this.#reader.isComplete;
  }

  #endCall(): void {
    if (this.#reader === undefined) this.#endFreeCall();
    else if (this.#call !== undefined) this.calls.push(this.#call);
    this.phase = "answer";
    this.isLeading = true;
  }

  #take(text: string): void {
    if (text === "") return;
    switch (this.phase) {
      case "thought":
        this.#takeTrimmed("reasoning", this.#withoutLabel(text));
        return;
      case "answer":
        this.#takeAnswer(text);
        return;
      case "call":
        this.#takeCall(text);
        return;
      case "whole":
        this.#callText += text;
        return;
      default:
        this.phase satisfies never;
    }
  }

  #withoutLabel(text: string): string {
    if (this.#label === "") return text;
    const all = this.#labelText + text;
    this.#labelText = "";
    if (all.startsWith(this.#label)) {
      const rest = all.slice(this.#label.length);
      this.#label = "";
      return rest;
    }
    if (this.#label.startsWith(all)) {
      this.#labelText = all;
      return "";
    }
    this.#label = "";
    return all;
  }

  #takeAnswer(text: string): void {
    const { dialect, calls } = this.#options;
    const isStart = !this.#hasText && dialect.call.marks === undefined && calls !== "none";
    if (isStart && `${this.#space}${text}`.trimStart().startsWith("{")) {
      this.phase = "whole";
      this.#callText = this.isLeading ? text.trimStart() : this.#space + text;
      this.#space = "";
      return;
    }
    if (calls === "none" && !this.isLeading) {
      this.#give("text", this.#space + text);
      this.#space = "";
    } else {
      this.#takeTrimmed("text", text);
    }
  }

  /** Leaves out space at the start, and holds it back at the end. */
  #takeTrimmed(kind: "text" | "reasoning", text: string): void {
    const all = this.isLeading ? text.trimStart() : this.#space + text;
    const body = all.trimEnd();
    this.#space = all.slice(body.length);
    if (body === "") return;
    this.isLeading = false;
    this.#give(kind, body);
  }

  #takeCall(text: string): void {
    if (this.#reader === undefined) {
      this.#callText += text;
      return;
    }
    const { name, argumentsJson } = this.#reader.push(text);
    if (name !== undefined) this.#beginCall(name);
    if (this.#call === undefined || argumentsJson === "") return;
    this.#call.argumentsJson += argumentsJson;
    this.#parts.push({ kind: "tool-arguments", index: this.calls.length, text: argumentsJson });
  }

  #beginCall(name: string): void {
    this.#call = { name, argumentsJson: "" };
    const id = this.#options.makeCallId();
    this.#parts.push({ kind: "tool-call", index: this.calls.length, id, name });
  }

  #giveCall(call: WrittenCall): void {
    this.#beginCall(call.name);
    this.#parts.push({ kind: "tool-arguments", index: this.calls.length, text: call.argumentsJson });
    this.calls.push(call);
  }

  #endFreeCall(): void {
    const { call: form } = this.#options.dialect;
    const call = parseCall(form, this.#callText);
    if (call !== undefined && this.#options.toolNames.has(call.name)) this.#giveCall(call);
    else this.#give("text", `${this.#openMark()}${this.#callText}${form.marks?.close ?? ""}`);
  }

  #endWhole(): void {
    const { dialect, toolNames } = this.#options;
    const calls = parseCalls(dialect.call, this.#callText);
    if (calls?.every(({ name }) => toolNames.has(name))) for (const call of calls) this.#giveCall(call);
    else this.#give("text", this.#callText);
  }

  #openMark(): string {
    return this.#options.dialect.call.marks?.open ?? "";
  }

  #give(kind: "text" | "reasoning", text: string): void {
    if (text === "") return;
    if (kind === "text") this.#hasText = true;
    this.#parts.push({ kind, text });
  }
}
