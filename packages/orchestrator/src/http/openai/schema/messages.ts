import type { ChatMessage, Media, ToolCall } from "@muster/base";
import { z } from "zod";
import { wrong } from "../../parsing/body.ts";
import { limits } from "../../parsing/limits.ts";
import { audioFromBase64, imageFromUrl, requireFewMedia } from "../../parsing/media.ts";
import { argumentsOf, requireResultsMatchCalls, toolName } from "../../parsing/tools.ts";

const part = z.discriminatedUnion(
  "type",
  [
    z.looseObject({ type: z.literal("text"), text: z.string() }),
    z.looseObject({ type: z.literal("refusal"), refusal: z.string() }),
    z.looseObject({ type: z.literal("image_url"), image_url: z.looseObject({ url: z.string() }) }),
    z.looseObject({
      type: z.literal("input_audio"),
      input_audio: z.looseObject({ data: z.string(), format: z.enum(["wav", "mp3"]) }),
    }),
  ],
  { error: "a content part must be of the type text, image_url or input_audio" },
);

const toolCall = z.looseObject({
  id: z.string().min(1).max(256),
  type: z.literal("function", "only calls of the type function are supported").optional(),
  function: z.looseObject({ name: toolName, arguments: z.string() }),
});

/** Text becomes one part: so an error names the part that it is in. */
const content = z
  .preprocess(
    (given) => (typeof given === "string" ? [{ type: "text", text: given }] : given),
    z.array(part, "it must be text, or a list of parts").nullish(),
  )
  .optional();

const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content,
  name: z.string().max(256).nullish(),
  reasoning_content: z.string().nullish(),
  /** Another name for the same. */
  reasoning: z.string().nullish(),
  tool_calls: z.array(toolCall).max(limits.maxToolCalls).nullish(),
  tool_call_id: z.string().max(256).nullish(),
});

export const messageList = z.array(message).min(1).max(limits.maxMessages);

type MessageGiven = z.infer<typeof message>;

/** Throws `invalid_request` for what the schema cannot say: bad media, results without a call, empty messages. */
export function messagesOf(given: readonly MessageGiven[]): ChatMessage[] {
  const messages = given.map((entry, index) => messageOf(entry, `messages[${index}]`));
  requireResultsMatchCalls(messages, (index) => `messages[${index}].tool_call_id`);
  requireFewMedia(
    messages.reduce((count, { media }) => count + (media?.length ?? 0), 0),
    "messages",
  );
  return messages;
}

function messageOf(entry: MessageGiven, param: string): ChatMessage {
  const { role, name, tool_call_id: toolCallId } = entry;
  if (role !== "assistant" && !entry.content)
    throw wrong(`${param}.content`, "only an assistant's message can be without.");
  const { text, media } = contentOf(entry, param);
  const reasoning = role === "assistant" ? (entry.reasoning_content ?? entry.reasoning) : undefined;
  const toolCalls = (entry.tool_calls ?? []).map((call, index) =>
    toolCallOf(call, `${param}.tool_calls[${index}]`),
  );
  if (toolCalls.length > 0 && role !== "assistant")
    throw wrong(`${param}.tool_calls`, "only an assistant calls tools.");
  return {
    role: role === "developer" ? "system" : role,
    content: text,
    ...(name ? { name } : {}),
    ...(reasoning ? { reasoning } : {}),
    ...(toolCalls.length > 0 ? { toolCalls } : {}),
    ...(toolCallId && role === "tool" ? { toolCallId } : {}),
    ...(media.length > 0 ? { media } : {}),
  };
}

function contentOf(
  entry: MessageGiven,
  param: string,
): { readonly text: string; readonly media: readonly Media[] } {
  let text = "";
  const media: Media[] = [];
  for (const [index, given] of (entry.content ?? []).entries()) {
    const field = `${param}.content[${index}]`;
    switch (given.type) {
      case "text":
        text += given.text;
        break;
      case "refusal":
        text += given.refusal;
        break;
      case "image_url":
        media.push(imageFromUrl(given.image_url.url, { at: text.length, param: `${field}.image_url.url` }));
        break;
      case "input_audio": {
        const { data, format } = given.input_audio;
        media.push(audioFromBase64(format, data, { at: text.length, param: `${field}.input_audio.data` }));
        break;
      }
      default:
        given satisfies never;
    }
  }
  if (media.length > 0 && entry.role !== "user")
    throw wrong(`${param}.content`, "images and recordings are taken in the messages of users only.");
  return { text, media };
}

function toolCallOf(call: z.infer<typeof toolCall>, param: string): ToolCall {
  const { name, arguments: given } = call.function;
  return { id: call.id, name, argumentsJson: argumentsOf(given, `${param}.function.arguments`) };
}
