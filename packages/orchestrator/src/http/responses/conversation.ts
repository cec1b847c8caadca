import { type ChatMessage, type Media, MusterError } from "@muster/base";
import { imageFromUrl } from "../parsing/media.ts";
import { argumentsOf, requireResultsMatchCalls } from "../parsing/tools.ts";
import type { InputItem, InputPart } from "./input-items.ts";

type Turn = { -readonly [Field in keyof ChatMessage]: ChatMessage[Field] };

/**
 * The messages that the items of a request amount to. A thought, a message and calls that follow each other are one
 * turn of the assistant, as the model wrote it. Throws `invalid_request` naming the item that is wrong.
 */
export function conversationOf(items: readonly InputItem[]): ChatMessage[] {
  const messages: Turn[] = [];
  /** The item that each message began with. */
  const params: string[] = [];
  for (const [index, item] of items.entries()) {
    const param = `input[${index}]`;
    const turn = turnOf(item, param);
    if (turn === undefined) continue;
    const last = messages.at(-1);
    if (last !== undefined && continues(last, turn)) merge(last, turn);
    else {
      messages.push(turn);
      params.push(param);
    }
  }
  requireResultsMatchCalls(messages, (index) => `${params[index]}.call_id`);
  return messages;
}

function turnOf(item: InputItem, param: string): Turn | undefined {
  switch (item.type) {
    case "message": {
      const role = item.role === "developer" ? "system" : item.role;
      return { role, ...contentOf(item.content, `${param}.content`) };
    }
    case "reasoning": {
      // Empty where the client keeps no thoughts, or has one that only OpenAI can read.
      const reasoning = (item.content ?? []).map(({ text }) => text).join("");
      return reasoning === "" ? undefined : { role: "assistant", content: "", reasoning };
    }
    case "function_call":
      return callTurn(item, argumentsOf(item.arguments, `${param}.arguments`));
    case "custom_tool_call":
      return callTurn(item, JSON.stringify({ input: item.input }));
    case "function_call_output":
    case "custom_tool_call_output":
      return { role: "tool", toolCallId: item.call_id, ...contentOf(item.output, `${param}.output`) };
    case "item_reference":
      throw new MusterError(
        "unsupported",
        `"${param}" refers to an item of an earlier response. This service keeps no responses: send the item itself.`,
        { param },
      );
    default:
      return undefined;
  }
}

function callTurn({ call_id: id, name }: { call_id: string; name: string }, argumentsJson: string): Turn {
  return { role: "assistant", content: "", toolCalls: [{ id, name, argumentsJson }] };
}

/** A turn is a thought, then a message, then calls: whatever would come out of this order begins the next turn. */
function continues(last: Turn, next: Turn): boolean {
  if (last.role !== "assistant" || next.role !== "assistant") return false;
  if (next.toolCalls !== undefined) return true;
  return last.toolCalls === undefined && last.content === "" && next.reasoning === undefined;
}

function merge(last: Turn, next: Turn): void {
  last.content += next.content;
  if (next.media !== undefined) last.media = next.media;
  if (next.toolCalls !== undefined) last.toolCalls = [...(last.toolCalls ?? []), ...next.toolCalls];
}

function contentOf(parts: readonly InputPart[], param: string): Pick<ChatMessage, "content" | "media"> {
  let content = "";
  const media: Media[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.type === "input_image")
      media.push(imageFromUrl(part.image_url, { at: content.length, param: `${param}[${index}].image_url` }));
    else content += part.type === "refusal" ? part.refusal : part.text;
  }
  return { content, ...(media.length === 0 ? {} : { media }) };
}
