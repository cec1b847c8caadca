import type { InferenceDelta, TokenLogprob } from "@muster/base";
import { strayOutput } from "../answering/collect.ts";
import { requireBounded } from "../answering/gather.ts";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

interface Logprob {
  readonly token: string;
  readonly bytes: readonly number[];
  readonly logprob: number;
}

interface OutputLogprob extends Logprob {
  readonly top_logprobs: readonly Logprob[];
}

interface OutputText {
  readonly type: "output_text";
  readonly text: string;
  readonly annotations: readonly never[];
  readonly logprobs: readonly OutputLogprob[];
}

interface ReasoningText {
  readonly type: "reasoning_text";
  readonly text: string;
}

export type OutputItem = { readonly id: string; readonly status: ItemStatus } & (
  | { readonly type: "message"; readonly role: "assistant"; readonly content: readonly OutputText[] }
  | {
      readonly type: "reasoning";
      readonly summary: readonly never[];
      readonly content: readonly ReasoningText[];
      readonly encrypted_content: null;
    }
  | {
      readonly type: "function_call";
      readonly call_id: string;
      readonly name: string;
      readonly arguments: string;
    }
);

/** An event of the stream, still without its number. */
export interface ItemEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

type Pieces = { readonly id: string; text: string } & (
  | { readonly kind: "message"; readonly logprobs: OutputLogprob[] }
  | { readonly kind: "reasoning" }
  | { readonly kind: "call"; readonly index: number; readonly callId: string; readonly name: string }
);

const idPrefixes = { message: "msg_", reasoning: "rs_", call: "fc_" } as const;

/**
 * Builds the output of a response, one item after the other, and the events that tell of it: each item is added, grows
 * by deltas, and is done before the next one begins.
 */
export class OutputItems {
  readonly #newId: (prefix: string) => string;
  readonly #done: OutputItem[] = [];
  #open: Pieces | undefined;
  #length = 0;

  constructor(newId: (prefix: string) => string) {
    this.#newId = newId;
  }

  /** The items that are done. */
  get done(): readonly OutputItem[] {
    return this.#done;
  }

  push(delta: InferenceDelta): ItemEvent[] {
    switch (delta.kind) {
      case "text":
        return this.#grow("message", delta.text, (delta.logprobs ?? []).map(outputLogprob));
      case "reasoning":
        return this.#grow("reasoning", delta.text, []);
      case "tool-call": {
        const { index, id: callId, name } = delta;
        return [
          ...this.#close("completed"),
          ...this.#begin({ kind: "call", id: this.#newId(idPrefixes.call), text: "", index, callId, name }),
        ];
      }
      case "tool-arguments":
        return this.#growCall(delta.index, delta.text);
      case "embedding":
      case "score":
      case "token-ids":
        throw strayOutput(`"${delta.kind}" in a generated answer`);
      default:
        return delta satisfies never;
    }
  }

  /** Nothing comes after this. An answer that is complete holds a message, if an empty one, or a call. */
  end(status: "completed" | "incomplete"): ItemEvent[] {
    const closing = this.#close(status);
    const isBare = status === "completed" && this.#done.every(({ type }) => type === "reasoning");
    return isBare ? [...closing, ...this.#begin(this.#empty("message")), ...this.#close(status)] : closing;
  }

  #grow(kind: "message" | "reasoning", text: string, logprobs: OutputLogprob[]): ItemEvent[] {
    if (text === "" && logprobs.length === 0) return [];
    const events: ItemEvent[] = [];
    let open = this.#open;
    if (open?.kind !== kind) {
      open = this.#empty(kind);
      events.push(...this.#close("completed"), ...this.#begin(open));
    }
    this.#append(open, text);
    if (open.kind === "message") {
      open.logprobs.push(...logprobs);
      events.push({ ...this.#place("response.output_text.delta", open), delta: text, logprobs });
    } else events.push({ ...this.#place("response.reasoning_text.delta", open), delta: text });
    return events;
  }

  #growCall(index: number, text: string): ItemEvent[] {
    const open = this.#open;
    if (open?.kind !== "call" || open.index !== index)
      throw strayOutput(`arguments of tool call ${index}, which is not under way`);
    if (text === "") return [];
    this.#append(open, text);
    return [{ ...this.#place("response.function_call_arguments.delta", open), delta: text }];
  }

  #append(open: Pieces, text: string): void {
    open.text += text;
    this.#length += text.length;
    requireBounded(this.#length);
  }

  #empty(kind: "message" | "reasoning"): Pieces {
    const id = this.#newId(idPrefixes[kind]);
    return kind === "message" ? { kind, id, text: "", logprobs: [] } : { kind, id, text: "" };
  }

  #begin(open: Pieces): ItemEvent[] {
    this.#open = open;
    const added = { type: "response.output_item.added", output_index: this.#done.length };
    const item = itemOf(open, "in_progress");
    if (open.kind === "call") return [{ ...added, item }];
    return [
      { ...added, item },
      { ...this.#place("response.content_part.added", open), part: partOf(open) },
    ];
  }

  #close(status: "completed" | "incomplete"): ItemEvent[] {
    const open = this.#open;
    if (open === undefined) return [];
    const item = itemOf(open, status);
    const events = [
      ...this.#finished(open),
      { type: "response.output_item.done", output_index: this.#done.length, item },
    ];
    this.#done.push(item);
    this.#open = undefined;
    return events;
  }

  #finished(open: Pieces): ItemEvent[] {
    const { text } = open;
    if (open.kind === "call") {
      const place = this.#place("response.function_call_arguments.done", open);
      return [{ ...place, name: open.name, arguments: text }];
    }
    const done =
      open.kind === "message"
        ? { ...this.#place("response.output_text.done", open), text, logprobs: open.logprobs }
        : { ...this.#place("response.reasoning_text.done", open), text };
    return [done, { ...this.#place("response.content_part.done", open), part: partOf(open) }];
  }

  #place(type: string, { kind, id }: Pieces): ItemEvent {
    const place = { type, item_id: id, output_index: this.#done.length };
    return kind === "call" ? place : { ...place, content_index: 0 };
  }
}

function itemOf(open: Pieces, status: ItemStatus): OutputItem {
  const { id } = open;
  const isNew = status === "in_progress";
  switch (open.kind) {
    case "message": {
      const content = isNew ? [] : [outputText(open.text, open.logprobs)];
      return { id, type: "message", status, role: "assistant", content };
    }
    case "reasoning": {
      const content = isNew ? [] : [reasoningText(open.text)];
      return { id, type: "reasoning", status, summary: [], content, encrypted_content: null };
    }
    case "call": {
      const { callId: call_id, name, text } = open;
      return { id, type: "function_call", status, call_id, name, arguments: text };
    }
    default:
      return open satisfies never;
  }
}

function partOf(open: Exclude<Pieces, { kind: "call" }>): OutputText | ReasoningText {
  return open.kind === "message" ? outputText(open.text, [...open.logprobs]) : reasoningText(open.text);
}

function outputText(text: string, logprobs: readonly OutputLogprob[]): OutputText {
  return { type: "output_text", text, annotations: [], logprobs };
}

function reasoningText(text: string): ReasoningText {
  return { type: "reasoning_text", text };
}

function outputLogprob({ top, ...token }: TokenLogprob): OutputLogprob {
  return { ...logprob(token), top_logprobs: top.map(logprob) };
}

function logprob(token: { readonly text: string; readonly logprob: number }): Logprob {
  return { token: token.text, bytes: [...Buffer.from(token.text)], logprob: token.logprob };
}
