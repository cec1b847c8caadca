import type { Thinking, ToolChoice, ToolUse } from "@muster/base";
import { z } from "zod";
import { jsonSchema, requireSmall } from "../../parsing/json-schema.ts";
import { limits } from "../../parsing/limits.ts";
import { effort, thinkingOf } from "../../parsing/thinking.ts";
import { toolDefinition, toolName, toolUseOf } from "../../parsing/tools.ts";

const tool = z.looseObject({
  type: z.literal("function", "only tools of the type function are supported"),
  function: z.looseObject({
    name: toolName,
    description: z.string().max(limits.maxSchemaLength).nullish(),
    parameters: jsonSchema.nullish(),
  }),
});

const namedTool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({ name: z.string() }),
});

/** What chat templates write into a prompt besides its messages. */
export const templateFields = {
  tools: z.array(tool).max(limits.maxTools).nullish(),
  tool_choice: z
    .union([z.enum(["auto", "none", "required"]), namedTool], {
      error: 'it must be "auto", "none", "required" or {"type": "function", "function": {"name": ...}}',
    })
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning_effort: effort.nullish(),
  reasoning: z
    .looseObject({
      effort: effort.nullish(),
      enabled: z.boolean().nullish(),
      max_tokens: z.int().min(0).max(limits.maxTokens).nullish(),
    })
    .nullish(),
  chat_template_kwargs: z.looseObject({ enable_thinking: z.boolean().nullish() }).nullish(),
};

type TemplateRequest = z.infer<z.ZodObject<typeof templateFields>>;

export function toolsOf(request: TemplateRequest): ToolUse | undefined {
  const definitions = (request.tools ?? []).map(({ function: given }, index) => {
    if (given.parameters) requireSmall(given.parameters, `tools[${index}].function.parameters`);
    return toolDefinition(given);
  });
  return toolUseOf({
    definitions,
    choice: choiceOf(request.tool_choice),
    isParallel: request.parallel_tool_calls ?? true,
  });
}

function choiceOf(given: TemplateRequest["tool_choice"]): ToolChoice {
  if (given === undefined || given === null) return { kind: "auto" };
  return typeof given === "string" ? { kind: given } : { kind: "named", name: given.function.name };
}

export function thinkingAsked(request: TemplateRequest): Thinking | undefined {
  return thinkingOf({
    effort: request.reasoning_effort ?? request.reasoning?.effort,
    isOn: request.reasoning?.enabled ?? request.chat_template_kwargs?.enable_thinking,
    budgetTokens: request.reasoning?.max_tokens,
  });
}
