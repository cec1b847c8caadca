import { type ChatMessage, MusterError, type ToolDefinition } from "@muster/base";

/** What is done to text that people wrote, before a template sees it. */
export type Protect = (text: string) => string;

export interface Protection {
  readonly text: Protect;
  /** For earlier answers: templates look in them for the marks of thoughts, to leave those out. */
  readonly answer: Protect;
}

/** Messages as chat templates know them: OpenAI's shape, arguments as objects. */
export function templateMessages(messages: readonly ChatMessage[], protect: Protection): object[] {
  const toolNames = new Map<string, string>();
  return messages.map((message, place) => {
    for (const { id, name } of message.toolCalls ?? []) toolNames.set(id, name);
    const name = message.name ?? toolNames.get(message.toolCallId ?? "");
    const { role, content, reasoning, toolCallId } = message;
    return {
      role,
      content: role === "assistant" ? protect.answer(content) : protect.text(content),
      ...(name === undefined ? {} : { name: protect.text(name) }),
      ...(reasoning === undefined ? {} : { reasoning_content: protect.text(reasoning) }),
      ...(toolCallId === undefined ? {} : { tool_call_id: protect.text(toolCallId) }),
      ...templateCalls(message, place, protect.text),
    };
  });
}

/** Templates ask whether there are calls by whether the field is there. */
function templateCalls({ toolCalls = [] }: ChatMessage, place: number, protect: Protect) {
  if (toolCalls.length === 0) return {};
  return {
    tool_calls: toolCalls.map(({ id, name, argumentsJson }, i) => ({
      id: protect(id),
      type: "function",
      function: {
        name: protect(name),
        arguments: protectDeep(
          parseArguments(argumentsJson, `messages[${place}].tool_calls[${i}].function.arguments`),
          protect,
        ),
      },
    })),
  };
}

function parseArguments(json: string, param: string): object {
  let value: unknown;
  try {
    value = JSON.parse(json === "" ? "{}" : json);
  } catch (error) {
    throw new MusterError("invalid_request", `${param} is not JSON.`, { param, cause: error });
  }
  if (isDeep(value)) {
    throw new MusterError(
      "invalid_request",
      `${param} is nested more than ${maxArgumentsDepth} levels deep. Flatten it.`,
      { param },
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new MusterError("invalid_request", `${param} must be the text of a JSON object.`, { param });
}

/** Templates and what protects their values recurse. */
const maxArgumentsDepth = 100;

/** Without recursion: its input may be what breaks it. */
function isDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= maxArgumentsDepth; depth++) {
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
    if (level.length === 0) return false;
  }
  return true;
}

/** Tools as chat templates know them. */
export function templateTools(tools: readonly ToolDefinition[], protect: Protect): object[] {
  return tools.map(({ name, description = "", parameters = { type: "object", properties: {} } }) => ({
    type: "function",
    function: {
      name: protect(name),
      description: protect(description),
      parameters: protectDeep(parameters, protect),
    },
  }));
}

/** Keys and strings of a JSON value; its depth has been bounded where it came in. */
function protectDeep(value: unknown, protect: Protect): unknown {
  if (typeof value === "string") return protect(value);
  if (Array.isArray(value)) return value.map((item) => protectDeep(item, protect));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [protect(key), protectDeep(item, protect)]),
  );
}

/** Gemma 4's first templates want results inside the message that called. */
export function withInnerToolResults(messages: readonly object[]): object[] {
  const merged: object[] = [];
  for (const message of messages as readonly TemplateMessage[]) {
    const caller = merged.at(-1) as TemplateMessage | undefined;
    if (message.role !== "tool" || caller?.tool_calls === undefined) {
      merged.push(message);
      continue;
    }
    const response = { name: message.name ?? "unknown", response: message.content };
    merged[merged.length - 1] = {
      ...caller,
      tool_responses: [...(caller.tool_responses ?? []), response],
    };
  }
  return merged;
}

interface TemplateMessage {
  readonly role: string;
  readonly content: string;
  readonly name?: string;
  readonly tool_calls?: readonly object[];
  readonly tool_responses?: readonly object[];
}
