import type { ChatMessage, Prompt, ToolUse } from "@muster/base";

/** Ids of words are below this. */
const vocabularySize = 65_536;

export function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

/** The id that a word has in the stub's vocabulary: the same in every process (FNV-1a, folded to 16 bits). */
export function wordId(word: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(word)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) % vocabularySize;
}

/**
 * The tokens of a prompt: its words, one for the role of each message, and those of the tools, about as a real template
 * counts.
 */
export function promptTokens({
  prompt,
  tools,
}: {
  readonly prompt: Prompt;
  readonly tools?: ToolUse;
}): string[] {
  if (prompt.kind === "text") return wordsOf(prompt.text);
  return [
    ...(tools?.definitions ?? []).flatMap(({ name, description = "" }) => [
      `<tool:${name}>`,
      ...wordsOf(description),
    ]),
    ...prompt.messages.flatMap(({ role, content }) => [`<${role}>`, ...wordsOf(content)]),
  ];
}

/** The text that the stub answers to: the last message, or the prompt. */
export function lastText(prompt: Prompt): string {
  if (prompt.kind === "text") return prompt.text;
  const last = prompt.messages.at(-1);
  return [last?.content ?? "", ...(last?.media ?? []).map(mediaWord)].join(" ").trimEnd();
}

/** A picture or recording as a word, so that tests see what has arrived. */
function mediaWord({ mediaType, base64, at }: NonNullable<ChatMessage["media"]>[number]): string {
  return `<${mediaType}:${Buffer.from(base64, "base64").length}@${at}>`;
}
