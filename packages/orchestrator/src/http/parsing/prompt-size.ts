import type { ChatMessage, GenerateRequest } from "@muster/base";

/** What a picture or a recording counts for among characters: as many tokens as models make of one picture. */
const mediaLength = 1_024;
/** Of what stands last in a prompt, which is seldom shared, as much as makes a beginning worth grouping by. */
const leadingLength = 1_024;
/** Nobody looks further. */
const maxLeadingLength = 2_048;

/** The characters of a prompt. */
export function promptLengthOf({ prompt, tools }: GenerateRequest): number {
  if (prompt.kind === "text") return prompt.text.length;
  const toolsLength = tools === undefined ? 0 : JSON.stringify(tools.definitions).length;
  return prompt.messages.reduce((sum, message) => sum + lengthOf(message), toolsLength);
}

/**
 * How a prompt begins, as far as others may share it: tools and all messages but the last; where that is little, the
 * beginning of the last as well.
 */
export function leadingOf({ prompt, tools }: GenerateRequest): string {
  if (prompt.kind === "text") return prompt.text.slice(0, leadingLength);
  let leading = tools === undefined ? "" : JSON.stringify(tools.definitions).slice(0, maxLeadingLength);
  const last = prompt.messages.length - 1;
  for (const [index, { role, content }] of prompt.messages.entries()) {
    if (leading.length >= maxLeadingLength) break;
    const room = (index === last ? leadingLength : maxLeadingLength) - leading.length;
    if (room > 0) leading += `${role}\n${content}\n`.slice(0, room);
  }
  return leading;
}

function lengthOf({ content, reasoning = "", toolCalls = [], media = [] }: ChatMessage): number {
  return (
    content.length +
    reasoning.length +
    toolCalls.reduce((sum, { name, argumentsJson }) => sum + name.length + argumentsJson.length, 0) +
    media.length * mediaLength
  );
}
