import type { TokenizeRequest } from "@muster/base";
import { promptOf, thinkingAsked } from "./generation.ts";
import type { PromptRequest } from "./schema.ts";

/** What is cut up to count a request's tokens: the prompt that a message of it would have, without its images. */
export function promptToCount(request: PromptRequest): TokenizeRequest {
  const { messages, tools } = promptOf(request);
  return {
    task: "tokenize",
    prompt: { kind: "chat", messages: messages.map(({ media: _media, ...message }) => message) },
    ...(tools === undefined ? {} : { tools }),
    thinking: thinkingAsked(request),
  };
}
