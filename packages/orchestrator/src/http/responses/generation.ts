import { type GenerateRequest, MusterError, type OutputFormat, type ToolChoice } from "@muster/base";
import { refuseUnsupported, wrong } from "../parsing/body.ts";
import { conversation } from "../parsing/conversation.ts";
import { requireSmall } from "../parsing/json-schema.ts";
import { requireFewMedia } from "../parsing/media.ts";
import { samplingOf } from "../parsing/sampling.ts";
import { thinkingOf } from "../parsing/thinking.ts";
import { toolDefinition, toolName, toolUseOf } from "../parsing/tools.ts";
import { conversationOf } from "./conversation.ts";
import type { ResponseRequest } from "./schema.ts";

/** The generation that a request asks for. Throws MusterError for what cannot be done. */
export function responseToGeneration(request: ResponseRequest, randomSeed: number): GenerateRequest {
  refuseState(request);
  const messages = conversation([request.instructions ?? ""], conversationOf(request.input), "input");
  requireFewMedia(
    messages.reduce((count, { media }) => count + (media?.length ?? 0), 0),
    "input",
  );
  const tools = toolUseOf({
    definitions: usedTools(request).map(toolDefinition),
    choice: choiceOf(request),
    isParallel: request.parallel_tool_calls ?? true,
  });
  const format = formatOf(request);
  const thinking = thinkingOf({ effort: request.reasoning?.effort });
  const wantsLogprobs = (request.include ?? []).includes("message.output_text.logprobs");
  return {
    task: "generate",
    prompt: { kind: "chat", messages },
    sampling: samplingOf(request, randomSeed),
    maxTokens: request.max_output_tokens ?? undefined,
    stop: [],
    ...(tools === undefined ? {} : { tools }),
    ...(format === undefined ? {} : { format }),
    ...(thinking === undefined ? {} : { thinking }),
    ...(wantsLogprobs ? { topLogprobs: request.top_logprobs ?? 0 } : {}),
  };
}

const noState = "this service keeps no responses. Send the whole conversation as input.";

/** What needs a memory that this service does not have would be answered wrongly if it were ignored. */
function refuseState(request: ResponseRequest): void {
  const isGiven = (value: unknown) => value !== undefined && value !== null;
  refuseUnsupported({
    previous_response_id: { isAsked: isGiven(request.previous_response_id), why: noState },
    conversation: { isAsked: isGiven(request.conversation), why: noState },
    prompt: {
      isAsked: isGiven(request.prompt),
      why: "this service keeps no prompts. Send the text as input.",
    },
    background: {
      isAsked: request.background === true,
      why: 'this service keeps no responses. Work that can wait is asked for with service_tier: "flex".',
    },
  });
}

export interface FunctionTool {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly parameters?: ToolParameters;
  readonly strict?: boolean | null | undefined;
}

type ToolParameters = NonNullable<ResponseRequest["tools"]>[number]["parameters"];

/** The functions among the tools, of those that the choice allows. Tools of other kinds run at OpenAI only. */
export function usedTools(request: ResponseRequest): FunctionTool[] {
  const choice = request.tool_choice;
  const allowed =
    typeof choice === "object" && choice?.type === "allowed_tools"
      ? new Set((choice.tools ?? []).map(({ name }) => name))
      : undefined;
  return (request.tools ?? []).flatMap((tool, index) => {
    if (tool.type !== "function") return [];
    const name = toolName.safeParse(tool.name);
    if (!name.success) throw wrong(`tools[${index}].name`, `${name.error.issues[0]?.message ?? "invalid"}.`);
    return allowed === undefined || allowed.has(name.data) ? [{ ...tool, name: name.data }] : [];
  });
}

function choiceOf({ tool_choice: choice }: ResponseRequest): ToolChoice {
  if (choice === undefined || choice === null) return { kind: "auto" };
  if (typeof choice === "string") return { kind: choice };
  if (choice.type === "function" && choice.name !== undefined) return { kind: "named", name: choice.name };
  if (choice.type === "allowed_tools") return { kind: choice.mode ?? "auto" };
  throw new MusterError(
    "unsupported",
    `"tool_choice" asks for a tool of type "${choice.type.slice(0, 64)}". Only functions can be called here.`,
    { param: "tool_choice" },
  );
}

function formatOf({ text }: ResponseRequest): OutputFormat | undefined {
  const format = text?.format;
  if (format === undefined || format === null) return undefined;
  switch (format.type) {
    case "text":
      return undefined;
    case "json_object":
      return { kind: "json-object" };
    case "json_schema":
      if (format.schema === undefined || format.schema === null)
        throw wrong("text.format.schema", "it is missing.");
      return { kind: "json-schema", schema: requireSmall(format.schema, "text.format.schema") };
    default:
      return format.type satisfies never;
  }
}
