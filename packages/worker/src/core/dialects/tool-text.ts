import type { ChatMessage, ToolDefinition } from "@muster/base";
import type { CallForm } from "./dialect.ts";
import { joinNeighbours } from "./plain-turns.ts";

/** A chat with tools, in words, for models whose template knows none. */
export function writeToolsAsText(
  messages: readonly ChatMessage[],
  tools: readonly ToolDefinition[],
  form: CallForm,
): readonly ChatMessage[] {
  const turns = joinNeighbours(withoutToolFields(messages, form));
  if (tools.length === 0) return turns;
  const described = describeTools(tools, form);
  const [first, ...rest] = turns;
  if (first?.role !== "system") return [{ role: "system", content: described }, ...turns];
  return [{ ...first, content: `${first.content}\n\n${described}` }, ...rest];
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
