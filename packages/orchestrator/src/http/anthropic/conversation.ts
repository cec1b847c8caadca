import type { ChatMessage, Media, ToolCall } from "@muster/base";
import { imageFromBase64 } from "../parsing/media.ts";
import { requireResultsMatchCalls } from "../parsing/tools.ts";
import type { GivenMessage, PromptRequest } from "./schema.ts";

type Block = GivenMessage["content"][number];
type TextOrImage = Extract<Block, { type: "text" | "image" }>;

/** Where in the request a list of blocks stands, by block. */
type ParamAt = (index: number) => string;

/**
 * Claude Code's first system block is a note to Anthropic's billing that changes with every request: in the prompt it
 * would take the cache from everything after it.
 */
const billingNote = /^x-anthropic-billing-header:/;

export function systemTexts(system: PromptRequest["system"]): string[] {
  return (system ?? []).map(({ text }) => text).filter((text) => !billingNote.test(text));
}

/** The messages that the blocks of a request amount to. Throws `invalid_request` naming the block that is wrong. */
export function messagesOf(given: readonly GivenMessage[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  const params: string[] = [];
  for (const [index, { role, content }] of given.entries()) {
    const paramAt: ParamAt = (block) => `messages[${index}].content[${block}]`;
    const turns = role === "assistant" ? [assistantTurn(content)] : [...userTurns(role, content, paramAt)];
    messages.push(...turns);
    params.push(...turns.map(() => `messages[${index}].content`));
  }
  requireResultsMatchCalls(messages, (index) => params[index] ?? "messages");
  return messages;
}

function assistantTurn(blocks: readonly Block[]): ChatMessage {
  let content = "";
  let reasoning = "";
  const toolCalls: ToolCall[] = [];
  for (const block of blocks) {
    if (block.type === "text") content += block.text;
    else if (block.type === "thinking") reasoning += block.thinking;
    else if (block.type === "tool_use")
      toolCalls.push({ id: block.id, name: block.name, argumentsJson: JSON.stringify(block.input) });
  }
  return {
    role: "assistant",
    content,
    ...(reasoning === "" ? {} : { reasoning }),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
  };
}

/** Results of tools are messages of their own; they come before what the user says in the same message. */
function* userTurns(
  role: "user" | "system",
  blocks: readonly Block[],
  paramAt: ParamAt,
): Generator<ChatMessage> {
  const said: TextOrImage[] = [];
  const saidAt: number[] = [];
  for (const [index, block] of blocks.entries()) {
    if (block.type === "tool_result") yield toolTurn(block, (inner) => `${paramAt(index)}.content[${inner}]`);
    else if (block.type === "text" || block.type === "image") {
      said.push(block);
      saidAt.push(index);
    }
  }
  if (said.length > 0) yield { role, ...contentOf(said, (index) => paramAt(saidAt[index] ?? 0)) };
}

function toolTurn(block: Extract<Block, { type: "tool_result" }>, paramAt: ParamAt): ChatMessage {
  const { content, media } = contentOf(block.content ?? [], paramAt);
  const isUnmarked = block.is_error === true && !/^\s*error\b/i.test(content);
  return {
    role: "tool",
    toolCallId: block.tool_use_id,
    content: isUnmarked ? `Error: ${content}` : content,
    ...(media === undefined ? {} : { media }),
  };
}

/** Blocks of text are paragraphs. */
function contentOf(blocks: readonly TextOrImage[], paramAt: ParamAt): Pick<ChatMessage, "content" | "media"> {
  let content = "";
  const media: Media[] = [];
  for (const [index, block] of blocks.entries()) {
    if (block.type === "text") content += content === "" ? block.text : `\n${block.text}`;
    else {
      const { media_type, data } = block.source;
      const place = { at: content.length, param: `${paramAt(index)}.source` };
      media.push(imageFromBase64(media_type, data, place));
    }
  }
  return { content, ...(media.length === 0 ? {} : { media }) };
}
