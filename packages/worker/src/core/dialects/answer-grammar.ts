import {
  type JsonSchema,
  MusterError,
  type OutputFormat,
  type ToolDefinition,
  type ToolUse,
} from "@muster/base";
import { literal as quoted } from "../json-schema/gbnf.ts";
import { schemaRules } from "../json-schema/grammar.ts";
import type { CallForm, Dialect } from "./dialect.ts";
import { argumentsSchema, callableTools } from "./tool-schema.ts";

/** The grammars (GBNF) that hold an answer, and when each begins. Undefined: the text there is free. */
export interface GrammarPlan {
  /** From the first token of the answer, after any thought. */
  readonly answer: string | undefined;
  /** Instead of it where the answer may still begin with a thought: ends at the thought's open mark. */
  readonly answerOrThought: string | undefined;
  /** After the mark that opens a call in free text. */
  readonly call: string | undefined;
  /** Tools whose parameters a grammar cannot express: their arguments are any JSON object. */
  readonly looseTools: ReadonlySet<string>;
}

export interface AnswerWishes {
  readonly tools: ToolUse | undefined;
  readonly format: OutputFormat | undefined;
}

/** The number of a mark in the model's vocabulary; undefined where it is written in several tokens. */
export type MarkToken = (mark: string) => number | undefined;

/**
 * Throws MusterError `unsupported` or `invalid_request` for schemas that a grammar cannot hold an answer to.
 */
export function planGrammar(dialect: Dialect, wishes: AnswerWishes, markToken: MarkToken): GrammarPlan {
  const { tools, format } = wishes;
  const book = createRuleBook(dialect.call, markToken);
  const calls = tools === undefined ? [] : callableTools(tools);
  const json =
    format === undefined ? undefined : book.schema("json", formatSchema(format), "response_format");
  const called = calls.length === 0 || tools === undefined ? undefined : book.calls(calls, tools.isParallel);
  const { marks } = dialect.call;
  const isForced = tools?.choice.kind === "required" || tools?.choice.kind === "named";

  const answers: string[] = [];
  let call: string | undefined;
  if (called !== undefined) {
    const open = marks === undefined ? "" : `${book.mark(marks.open)} `;
    if (isForced || json !== undefined || marks === undefined) answers.push(`${open}${called}`);
    // A mark of several tokens may end in the middle of one: what follows is then read without a grammar.
    else if (markToken(marks.open) !== undefined) call = called;
  }
  if (!isForced) {
    if (json !== undefined) answers.push(json);
    else if (tools !== undefined && marks === undefined) answers.push(textUnlike("{"));
    // Without the mark that is forbidden it would be the rest of a call.
    else if (tools !== undefined && called === undefined) answers.push(textUnlike(dialect.call.head.trim()));
  }
  const { gap } = dialect.thought ?? { gap: "" };
  const lead = gap === "" ? "" : `${literal(gap)}? `;
  const isHeld = answers.length > 0;
  const answer = `${lead}( ${answers.join(" | ")} )`;
  return {
    answer: isHeld ? book.write(answer) : undefined,
    answerOrThought: isHeld ? book.write(`${thoughtStart(dialect, markToken)}${answer}`) : undefined,
    call: call === undefined ? undefined : book.write(call),
    looseTools: book.looseTools,
  };
}

/** In one answer: a model that cannot stop calling is stopped. */
const maxCalls = 32;
/** Any text but one that begins like a call: where those have no mark of their own they are known by that. */
function textUnlike(beginning: string): string {
  return [...beginning].reduceRight(
    (rest, char) => `( [^${char}] .* ${rest === "" ? "" : `| ${literal(char)} ${rest} `})?`,
    "",
  );
}

function thoughtStart({ thought }: Dialect, markToken: MarkToken): string {
  const isToken = thought !== undefined && markToken(thought.close) !== undefined;
  const token = isToken ? markToken(thought.open) : undefined;
  return token === undefined ? "" : `<[${token}]> | `;
}

function formatSchema(format: OutputFormat): JsonSchema {
  return format.kind === "json-object" ? { type: "object" } : format.schema;
}

/** Collects the rules of one request; all of its grammars share them. */
function createRuleBook(form: CallForm, markToken: MarkToken) {
  const written: string[] = [];
  const looseTools = new Set<string>();

  function mark(text: string): string {
    const token = markToken(text);
    return token === undefined ? literal(text) : `<[${token}]>`;
  }

  function schema(
    prefix: string,
    of: JsonSchema,
    param: string,
    syntax = "json" as CallForm["syntax"],
  ): string {
    const markRule = form.stringMark === undefined ? {} : { markRule: mark(form.stringMark) };
    const { rootRule, rules } = schemaRules(of, { syntax, prefix, param, ...markRule });
    written.push(rules.trimEnd());
    return rootRule;
  }

  /** A tool's schema may be more than a grammar can hold: then any object, for the tool itself to check. */
  function toolArguments(tool: ToolDefinition, index: number): string {
    const wanted = argumentsSchema(tool);
    try {
      return schema(`t${index}`, wanted, "tools", form.syntax);
    } catch (error) {
      if (!(error instanceof MusterError) || error.code !== "unsupported") throw error;
      looseTools.add(tool.name);
      return schema(`t${index}`, { type: "object" }, "tools", form.syntax);
    }
  }

  return {
    looseTools,
    mark,
    schema,
    /** One or several calls, but for the mark that opens the first. */
    calls(tools: readonly ToolDefinition[], isParallel: boolean): string {
      const bodies = tools.map(
        (tool, i) => `${literal(`${tool.name}${form.afterName}`)} ${toolArguments(tool, i)}`,
      );
      const [open, close] =
        form.marks === undefined ? ["", ""] : [mark(form.marks.open), mark(form.marks.close)];
      written.push(`call ::= ${literal(form.head)} ( ${bodies.join(" | ")} ) ${literal(form.tail)} ${close}`);
      if (!isParallel || form.separator === undefined) return "call";
      return `call ( ${literal(form.separator)} ${open} call ){0,${maxCalls - 1}}`;
    },
    write: (root: string) => `root ::= ${root}\n${written.join("\n")}\n`,
  };
}

function literal(text: string): string {
  return text === "" ? "" : quoted(text);
}
