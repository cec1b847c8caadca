import type { ChatMessage, GenerateRequest } from "@muster/base";

/** What a picture or a recording counts for among characters: as many tokens as models make of one picture. */
const mediaLength = 1_024;

/** The characters of a prompt. */
export function promptLengthOf({ prompt, tools }: Pick<GenerateRequest, "prompt" | "tools">): number {
  if (prompt.kind === "text") return prompt.text.length;
  const toolsLength = tools === undefined ? 0 : JSON.stringify(tools.definitions).length;
  return prompt.messages.reduce((sum, message) => sum + lengthOf(message), toolsLength);
}

function lengthOf({ content, reasoning = "", toolCalls = [], media = [] }: ChatMessage): number {
  return (
    content.length +
    reasoning.length +
    toolCalls.reduce((sum, { name, argumentsJson }) => sum + name.length + argumentsJson.length, 0) +
    media.length * mediaLength
  );
}
