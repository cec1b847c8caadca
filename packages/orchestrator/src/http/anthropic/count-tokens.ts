import type { Prompt } from "@muster/base";
import { conversation } from "../parsing/conversation.ts";
import { promptOf } from "./generation.ts";
import type { PromptRequest } from "./schema.ts";

/**
 * What is cut up to count a request's tokens. An estimate: tools are counted as the JSON of their definitions, though
 * each template words them in its own way; images are not counted.
 */
export function promptToCount(request: PromptRequest): Prompt {
  const { messages, tools } = promptOf(request);
  const definitions = tools === undefined ? [] : [JSON.stringify(tools.definitions)];
  const texts = messages.map(({ media: _media, ...message }) => message);
  return { kind: "chat", messages: conversation(definitions, texts) };
}
