import type { ChatMessage, Media } from "@muster/base";
import { wrong } from "./body.ts";

/**
 * A conversation as chat templates expect it: one system message at most at its beginning, from `instructions` and what
 * stands first among the messages, and no pictures in the results of tools, for which few templates have a place: they
 * follow in a message of the user. Throws `invalid_request` where nothing is left to answer.
 */
export function conversation(
  instructions: readonly string[],
  messages: readonly ChatMessage[],
  param: string,
): ChatMessage[] {
  if (messages.length === 0) throw wrong(param, "it holds nothing to answer.");
  const leading = messages.findIndex(({ role }) => role !== "system");
  const count = leading === -1 ? messages.length : leading;
  const texts = [...instructions, ...messages.slice(0, count).map(({ content }) => content)];
  const content = texts.filter((text) => text !== "").join("\n\n");
  const rest = withMediaAfterResults(messages.slice(count));
  return content === "" ? rest : [{ role: "system", content }, ...rest];
}

function withMediaAfterResults(messages: readonly ChatMessage[]): ChatMessage[] {
  const moved: ChatMessage[] = [];
  let waiting: Media[] = [];
  for (const message of messages) {
    if (message.role === "tool") {
      const { media = [], ...result } = message;
      waiting.push(...media.map((one) => ({ ...one, at: 0 })));
      moved.push(result);
      continue;
    }
    if (waiting.length === 0) moved.push(message);
    else if (message.role === "user")
      moved.push({ ...message, media: [...waiting, ...(message.media ?? [])] });
    else moved.push({ role: "user", content: "", media: waiting }, message);
    waiting = [];
  }
  return waiting.length === 0 ? moved : [...moved, { role: "user", content: "", media: waiting }];
}
