import type { ChatMessage, ToolDefinition } from "@muster/base";
import type { CallForm } from "./dialect.ts";

/** A chat with tools, in words, for models whose template knows none. */
export function writeToolsAsText(
  messages: readonly ChatMessage[],
  tools: readonly ToolDefinition[],
  form: CallForm,
): readonly ChatMessage[] {
  const turns = mergeNeighbours(withoutToolFields(messages, form));
  if (tools.length === 0) return turns;
  const described = describeTools(tools, form);
  const [first, ...rest] = turns;
  if (first?.role !== "system") return [{ role: "system", content: described }, ...turns];
  return [{ ...first, content: `${first.content}\n\n${described}` }, ...rest];
}

/** For templates that refuse a system message: what it says goes before the first message. */
export function foldSystemMessage(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const [system, first, ...rest] = messages;
  if (system?.role !== "system") return messages;
  if (first === undefined) return [{ ...system, role: "user" }];
  return [{ ...first, content: `${system.content}\n\n${first.content}` }, ...rest];
}

function describeTools(tools: readonly ToolDefinition[], form: CallForm): string {
  const lines = tools.map(({ name, description, parameters }) =>
    JSON.stringify({
      name,
      ...(description === undefined ? {} : { description }),
      parameters: parameters ?? { type: "object", properties: {} },
    }),
  );
  return [
    "These tools can be called. Each line describes one; its parameters are a JSON Schema.",
    ...lines,
    "To call a tool, answer with one line of JSON and nothing else, in this form:",
    `${form.head}TOOL NAME${form.afterName}{ARGUMENTS}${form.tail}`,
    "For several calls write one such line for each. The results come in the next message.",
    "Where no tool is needed, answer as usual.",
  ].join("\n");
}

/** Calls as the model was told to write them, results as messages of the user. */
function withoutToolFields(messages: readonly ChatMessage[], form: CallForm): ChatMessage[] {
  const names = new Map<string, string>();
  return messages.map(({ toolCalls, toolCallId, ...message }) => {
    if (message.role === "tool") {
      const name = message.name ?? names.get(toolCallId ?? "") ?? "the tool";
      return { role: "user", content: `Result of ${name}:\n${message.content}` };
    }
    if (toolCalls === undefined || toolCalls.length === 0) return message;
    for (const { id, name } of toolCalls) names.set(id, name);
    const calls = toolCalls.map(
      ({ name, argumentsJson }) => `${form.head}${name}${form.afterName}${argumentsJson}${form.tail}`,
    );
    const content = [message.content, ...calls].filter((text) => text !== "").join("\n");
    return { ...message, content };
  });
}

/** Many templates want users and assistants to take turns. */
function mergeNeighbours(messages: readonly ChatMessage[]): ChatMessage[] {
  const merged: ChatMessage[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    if (last === undefined || last.role !== message.role || hasMedia(last) || hasMedia(message)) {
      merged.push(message);
    } else {
      merged[merged.length - 1] = { ...last, content: `${last.content}\n\n${message.content}` };
    }
  }
  return merged;
}

function hasMedia({ media }: ChatMessage): boolean {
  return (media?.length ?? 0) > 0;
}
