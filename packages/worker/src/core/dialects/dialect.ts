import type { SyntaxName } from "../json-schema/grammar.ts";

/** How a thought is told apart from the answer that follows it. */
export interface ThoughtMarks {
  readonly open: string;
  readonly close: string;
  /** What follows the open mark and is no part of the thought; "" for nothing. */
  readonly label: string;
  /** What may stand between the close mark and the answer. */
  readonly gap: string;
}

/** How a call is written: `open head NAME afterName ARGUMENTS tail close`. */
export interface CallForm {
  /** The marks around a call. Undefined: a call is the whole answer, known by how it begins. */
  readonly marks: { readonly open: string; readonly close: string } | undefined;
  /** Between two calls of one answer; undefined: there is never more than one. */
  readonly separator: string | undefined;
  readonly head: string;
  readonly afterName: string;
  readonly tail: string;
  readonly syntax: SyntaxName;
  /** Stands around strings in Gemma's syntax. */
  readonly stringMark: string | undefined;
}

/** How a family of models writes thoughts and calls. */
export interface Dialect {
  readonly name: "gemma4" | "hermes" | "llama3" | "generic";
  /** Undefined: the model does not think. */
  readonly thought: ThoughtMarks | undefined;
  readonly call: CallForm;
  /** False: the template takes no tools, and they are described in a system message of ours (`tool-text.ts`). */
  readonly isInTemplate: boolean;
}

const gemma4Call: CallForm = {
  marks: { open: "<|tool_call>", close: "<tool_call|>" },
  separator: "",
  head: "call:",
  afterName: "",
  tail: "",
  syntax: "gemma",
  stringMark: '<|"|>',
};

const hermesCall: CallForm = {
  marks: { open: "<tool_call>", close: "</tool_call>" },
  separator: "\n",
  head: '\n{"name": "',
  afterName: '", "arguments": ',
  tail: "}\n",
  syntax: "json",
  stringMark: undefined,
};

const llama3Call: CallForm = {
  marks: undefined,
  separator: undefined,
  head: '{"name": "',
  afterName: '", "parameters": ',
  tail: "}",
  syntax: "json",
  stringMark: undefined,
};

/** Ours, for models whose template knows no tools, or writes calls in a way that we do not read. */
const genericCall: CallForm = {
  marks: undefined,
  separator: "\n",
  head: '{"tool_call": {"name": "',
  afterName: '", "arguments": ',
  tail: "}}",
  syntax: "json",
  stringMark: undefined,
};

const channelThought: ThoughtMarks = {
  open: "<|channel>",
  close: "<channel|>",
  label: "thought\n",
  gap: "",
};
const thinkThought: ThoughtMarks = { open: "<think>", close: "</think>", label: "", gap: "\n\n" };

/** Chosen by what the chat template of the model's file writes. */
export function chooseDialect(template: string): Dialect {
  if (template.includes("<|tool_call>") && template.includes("call:")) {
    return { name: "gemma4", thought: channelThought, call: gemma4Call, isInTemplate: true };
  }
  const thought = template.includes(thinkThought.close) ? thinkThought : undefined;
  if (writesHermesCalls(template)) return { name: "hermes", thought, call: hermesCall, isInTemplate: true };
  if (template.includes("<|start_header_id|>") && template.includes('"parameters": ')) {
    return { name: "llama3", thought, call: llama3Call, isInTemplate: true };
  }
  return { name: "generic", thought, call: genericCall, isInTemplate: false };
}

/** Of a text that is continued: no thoughts, no calls. */
export const plainDialect: Dialect = {
  name: "generic",
  thought: undefined,
  call: genericCall,
  isInTemplate: false,
};

/** Other families use the same mark around XML. */
function writesHermesCalls(template: string): boolean {
  return (
    template.includes("<tool_call>") && /\{\\?"name\\?"/.test(template) && !template.includes("<function=")
  );
}

/** The marks that a dialect writes into answers. */
export function marksOf({ thought, call }: Dialect): readonly string[] {
  return [thought?.open, thought?.close, call.marks?.open, call.marks?.close, call.stringMark].filter(
    (mark) => mark !== undefined,
  );
}

/** `open`: the prompt has begun the thought; `closed`: it has ended it; `free`: the model decides. */
export type PromptThought = "open" | "closed" | "free";

/** How the end of a rendered prompt leaves the thought. */
export function thoughtAtEnd(renderedEnd: string, thought: ThoughtMarks | undefined): PromptThought {
  if (thought === undefined) return "closed";
  const end = renderedEnd.trimEnd();
  if (end.endsWith(thought.close)) return "closed";
  const isOpen = end.endsWith(thought.open) || end.endsWith(`${thought.open}${thought.label}`.trimEnd());
  return isOpen ? "open" : "free";
}
