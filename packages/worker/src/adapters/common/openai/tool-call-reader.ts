import type { InferenceDelta } from "@muster/base";
import { asFields, type JsonFields, numberOf, textOf } from "../json-fields.ts";

/** Pieces of tool calls; how many tokens they are made of is counted elsewhere. */
export type ToolDelta = Extract<InferenceDelta, { kind: "tool-call" | "tool-arguments" }>;

export interface ToolCallReader {
  /** How many calls have begun. */
  readonly count: number;
  read(fragment: unknown): ToolDelta[];
  /** What the last call still lacks. */
  finish(): ToolDelta[];
}

/**
 * Reads `tool_calls` fragments. Servers differ: calls in many pieces or whole in one, indexes that are missing or always
 * 0 (then a new id or a new name begins a call), ids that are missing, arguments that are an object or nothing at all.
 */
export function createToolCallReader(newCallId: () => string): ToolCallReader {
  let count = 0;
  let open: { readonly theirIndex: number | undefined; readonly theirId: string | undefined } | undefined;
  let hasArguments = false;

  const argumentsDelta = (text: string): ToolDelta[] => {
    if (text === "") return [];
    hasArguments = true;
    return [{ kind: "tool-arguments", index: count - 1, text, tokens: 0 }];
  };
  const finish = (): ToolDelta[] => (open === undefined || hasArguments ? [] : argumentsDelta("{}"));
  const isNew = (theirIndex: number | undefined, theirId: string | undefined, name: string | undefined) =>
    open === undefined ||
    (theirIndex !== undefined && open.theirIndex !== undefined && theirIndex !== open.theirIndex) ||
    (theirId !== undefined && open.theirId !== undefined && theirId !== open.theirId) ||
    // A whole call without id or index, after another one.
    (name !== undefined && theirId === undefined && theirIndex === undefined);

  return {
    get count() {
      return count;
    },
    read(fragment) {
      const fields = asFields(fragment);
      const called = asFields(fields?.["function"]);
      const name = textOf(called, "name") || undefined;
      const theirId = textOf(fields, "id") || undefined;
      const theirIndex = numberOf(fields, "index");
      const deltas: ToolDelta[] = [];
      if (name !== undefined && isNew(theirIndex, theirId, name)) {
        deltas.push(...finish());
        open = { theirIndex, theirId };
        hasArguments = false;
        deltas.push({ kind: "tool-call", index: count, id: theirId ?? newCallId(), name, tokens: 0 });
        count += 1;
      }
      if (open !== undefined) deltas.push(...argumentsDelta(argumentsText(called)));
      return deltas;
    },
    finish,
  };
}

function argumentsText(called: JsonFields | undefined): string {
  const given = called?.["arguments"];
  if (typeof given === "string") return given;
  return given === undefined || given === null ? "" : JSON.stringify(given);
}
