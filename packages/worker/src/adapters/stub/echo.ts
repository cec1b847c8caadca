import type { Prompt } from "@muster/base";

/** The answer to a prompt without words. */
const fallbackWord = "nothing";

/** The text that the stub answers to: the last message, or the prompt. */
export function lastText(prompt: Prompt): string {
  return prompt.kind === "text" ? prompt.text : (prompt.messages.at(-1)?.content ?? "");
}

/** Gives token number `index` of the answer to `text`: its words in a circle, a space before all but the first. */
export function echoTokens(text: string): (index: number) => string {
  const words = wordsOf(text);
  return (index) => {
    const word = words[index % Math.max(1, words.length)] ?? fallbackWord;
    return index === 0 ? word : ` ${word}`;
  };
}

/** Words of the whole prompt, and one for each message: about how a real template counts. */
export function promptTokenCount(prompt: Prompt): number {
  if (prompt.kind === "text") return Math.max(1, wordsOf(prompt.text).length);
  return prompt.messages.reduce((sum, message) => sum + wordsOf(message.content).length + 1, 0);
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
