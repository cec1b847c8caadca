import type { ChatMessage, Media } from "@muster/base";

/** A message in OpenAI's words. Thoughts go as `reasoning_content`, which llama-server and vLLM hand to the template. */
export function toUpstreamMessage(message: ChatMessage): Record<string, unknown> {
  const { role, name, reasoning, toolCalls, toolCallId } = message;
  const calls = toolCalls ?? [];
  return {
    role,
    // An assistant that only called tools said nothing, which is not the same as an empty text.
    content: calls.length > 0 && message.content === "" ? null : contentOf(message),
    ...(name === undefined ? {} : { name }),
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(toolCallId === undefined ? {} : { tool_call_id: toolCallId }),
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map((call) => ({
            id: call.id,
            type: "function",
            function: { name: call.name, arguments: call.argumentsJson },
          })),
        }),
  };
}

/** Text, or parts where pictures and recordings stand between pieces of text. */
function contentOf({ content, media }: ChatMessage): string | Record<string, unknown>[] {
  if (media === undefined || media.length === 0) return content;
  const parts: Record<string, unknown>[] = [];
  let done = 0;
  const addText = (end: number) => {
    if (end > done) parts.push({ type: "text", text: content.slice(done, end) });
    done = Math.max(done, end);
  };
  for (const each of [...media].sort((a, b) => a.at - b.at)) {
    addText(each.at);
    parts.push(mediaPart(each));
  }
  addText(content.length);
  return parts;
}

function mediaPart({ kind, mediaType, base64 }: Media): Record<string, unknown> {
  if (kind === "image") {
    return { type: "image_url", image_url: { url: `data:${mediaType};base64,${base64}` } };
  }
  return { type: "input_audio", input_audio: { data: base64, format: audioFormat(mediaType) } };
}

/** OpenAI knows `wav` and `mp3`. */
function audioFormat(mediaType: string): string {
  const subtype = mediaType.split("/").at(-1)?.replace(/^x-/, "") ?? "";
  return subtype === "mpeg" ? "mp3" : subtype;
}
