import type { TokenizeRequest } from "@muster/base";
import { z } from "zod";
import { refuseUnsupported, wrong } from "../../parsing/body.ts";
import { deadlineField } from "../../parsing/deadline.ts";
import { modelName } from "./common.ts";
import { messageList, messagesOf } from "./messages.ts";
import { templateFields, thinkingAsked, toolsOf } from "./template-fields.ts";

export const tokenizeSchema = z.looseObject({
  /** May be left out where one model is served. */
  model: modelName.nullish(),
  /** vLLM's name for a text. */
  prompt: z.string().nullish(),
  /** llama-server's. */
  content: z.string().nullish(),
  messages: messageList.nullish(),
  ...templateFields,
  add_special_tokens: z.boolean().nullish(),
  return_token_strs: z.boolean().nullish(),
  deadline_ms: deadlineField,
});

type TokenizeBody = z.infer<typeof tokenizeSchema>;

/** What is cut up; of a conversation, with all that a chat of it would have in its prompt. */
export function tokenization(body: TokenizeBody): TokenizeRequest {
  refuseUnsupported({
    add_special_tokens: {
      isAsked: body.add_special_tokens === false,
      why: "a text gets the tokens that a completion of it starts from.",
    },
  });
  const text = body.prompt ?? body.content ?? undefined;
  const given = [body.prompt, body.content, body.messages].filter(
    (each) => each !== undefined && each !== null,
  );
  if (given.length !== 1) throw wrong("prompt", 'send one of "prompt", "content" and "messages".');
  if (text !== undefined) return { task: "tokenize", prompt: { kind: "text", text } };
  const tools = toolsOf(body);
  const thinking = thinkingAsked(body);
  return {
    task: "tokenize",
    prompt: { kind: "chat", messages: messagesOf(body.messages ?? []) },
    ...(tools === undefined ? {} : { tools }),
    ...(thinking === undefined ? {} : { thinking }),
  };
}
