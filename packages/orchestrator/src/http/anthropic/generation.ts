import {
  type ChatMessage,
  type GenerateRequest,
  MusterError,
  type Thinking,
  type ToolChoice,
  type ToolUse,
} from "@muster/base";
import { wrong } from "../parsing/body.ts";
import { conversation } from "../parsing/conversation.ts";
import { requireSmall } from "../parsing/json-schema.ts";
import { requireFewMedia } from "../parsing/media.ts";
import { samplingOf } from "../parsing/sampling.ts";
import { thinkingOf } from "../parsing/thinking.ts";
import { toolDefinition, toolName, toolUseOf } from "../parsing/tools.ts";
import { messagesOf, systemTexts } from "./conversation.ts";
import type { MessageRequest, PromptRequest } from "./schema.ts";

/** The generation that a request asks for. Throws MusterError for what cannot be done. */
export function messageToGeneration(request: MessageRequest, randomSeed: number): GenerateRequest {
  const { messages, tools } = promptOf(request);
  refusePrefill(messages);
  const format = request.output_config?.format;
  return {
    task: "generate",
    prompt: { kind: "chat", messages },
    sampling: samplingOf(request, randomSeed),
    maxTokens: request.max_tokens,
    stop: request.stop_sequences ?? [],
    ...(tools === undefined ? {} : { tools }),
    ...(format === undefined || format === null
      ? {}
      : {
          format: { kind: "json-schema", schema: requireSmall(format.schema, "output_config.format.schema") },
        }),
    thinking: thinkingAsked(request),
  };
}

/** What the model reads: the conversation, and the tools that run at the client. */
export function promptOf(request: PromptRequest): { messages: ChatMessage[]; tools: ToolUse | undefined } {
  const messages = conversation(systemTexts(request.system), messagesOf(request.messages), "messages");
  requireFewMedia(
    messages.reduce((count, { media }) => count + (media?.length ?? 0), 0),
    "messages",
  );
  const choice = request.tool_choice;
  const tools = toolUseOf({
    definitions: usedTools(request).map(toolDefinition),
    choice: choiceOf(choice),
    isParallel: choice?.disable_parallel_tool_use !== true,
  });
  return { messages, tools };
}

function usedTools(request: PromptRequest) {
  return (request.tools ?? []).flatMap((tool, index) => {
    if ((tool.type ?? "custom") !== "custom") return [];
    const name = toolName.safeParse(tool.name);
    if (!name.success) throw wrong(`tools[${index}].name`, `${name.error.issues[0]?.message ?? "invalid"}.`);
    return [{ name: name.data, description: tool.description, parameters: tool.input_schema }];
  });
}

function choiceOf(choice: PromptRequest["tool_choice"]): ToolChoice {
  switch (choice?.type) {
    case "any":
      return { kind: "required" };
    case "none":
      return { kind: "none" };
    case "tool":
      if (choice.name === undefined) throw wrong("tool_choice.name", "it is missing.");
      return { kind: "named", name: choice.name };
    default:
      return { kind: "auto" };
  }
}

/** Clients of this API expect no thoughts that they have not asked for: many read the first block as the answer. */
export function thinkingAsked({ thinking, output_config }: PromptRequest): Thinking {
  const off = { mode: "off" } as const;
  switch (thinking?.type) {
    case "enabled":
      return thinkingOf({ isOn: true, budgetTokens: thinking.budget_tokens }) ?? off;
    case "adaptive":
    case "between_tools":
      return thinkingOf({ isOn: true, effort: output_config?.effort }) ?? off;
    default:
      return off;
  }
}

/** An answer that goes on from words put into the model's mouth is no new turn, and templates write new turns. */
function refusePrefill(messages: readonly ChatMessage[]): void {
  if (messages.at(-1)?.role !== "assistant") return;
  throw new MusterError(
    "unsupported",
    "The last message is the assistant's. This service cannot continue it: end with a message of the user.",
    { param: "messages" },
  );
}
