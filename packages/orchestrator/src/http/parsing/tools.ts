import type { ChatMessage, JsonSchema, ToolChoice, ToolDefinition, ToolUse } from "@muster/base";
import { z } from "zod";
import { wrong } from "./body.ts";
import { requireBoundedJson } from "./json-bounds.ts";
import { limits } from "./limits.ts";

export const toolName = z
  .string()
  .regex(
    /^[A-Za-z0-9_.-]{1,128}$/,
    "a tool's name has 1 to 128 letters, digits, underscores, dots and hyphens",
  );

interface ToolGiven {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly parameters?: JsonSchema | null | undefined;
}

export function toolDefinition({ name, description, parameters }: ToolGiven): ToolDefinition {
  return {
    name,
    ...(isGiven(description) ? { description } : {}),
    ...(isGiven(parameters) ? { parameters } : {}),
  };
}

/**
 * The tools of a request, or undefined where it has none. Throws `invalid_request` for two of one name, a choice that
 * names none of them, a choice without tools, and schemas that are too long.
 */
export function toolUseOf(given: {
  readonly definitions: readonly ToolDefinition[];
  readonly choice: ToolChoice;
  readonly isParallel: boolean;
}): ToolUse | undefined {
  const { definitions, choice } = given;
  const names = new Set<string>();
  for (const { name } of definitions) {
    if (names.has(name)) throw wrong("tools", `two tools are called "${name}".`);
    names.add(name);
  }
  if (choice.kind === "named" && !names.has(choice.name))
    throw wrong("tool_choice", `it names "${choice.name.slice(0, 128)}", which is not among the tools.`);
  if (definitions.length === 0) {
    if (choice.kind === "required") throw wrong("tool_choice", "a call is required, and there are no tools.");
    return undefined;
  }
  if (JSON.stringify(definitions).length > limits.maxToolsLength)
    throw wrong("tools", `they are longer than ${limits.maxToolsLength} characters in all.`);
  return given;
}

/** A call's arguments as an earlier answer gave them: a JSON object; some clients send "" where there are none. */
export function argumentsOf(text: string, param: string): string {
  if (text.trim() === "") return "{}";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong(param, "the arguments are not valid JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw wrong(param, "the arguments must be a JSON object, as text.");
  requireBoundedJson(value);
  return text;
}

/** Throws `invalid_request` for a result whose call no earlier message has. `paramAt` names the field by index. */
export function requireResultsMatchCalls(
  messages: readonly ChatMessage[],
  paramAt: (index: number) => string,
): void {
  const calls = new Set<string>();
  for (const [index, { role, toolCalls, toolCallId }] of messages.entries()) {
    for (const call of toolCalls ?? []) calls.add(call.id);
    if (role !== "tool") continue;
    if (toolCallId === undefined)
      throw wrong(paramAt(index), "a tool's result must say which call it answers.");
    if (!calls.has(toolCallId)) {
      throw wrong(
        paramAt(index),
        `no earlier message of the assistant has a tool call with the id "${toolCallId.slice(0, 128)}".`,
      );
    }
  }
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}
