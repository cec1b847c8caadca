import { type JsonSchema, MusterError, type ToolDefinition, type ToolUse } from "@muster/base";

/** The tools that an answer may call. Throws MusterError `invalid_request` for a named tool that is not there. */
export function callableTools({ definitions, choice }: ToolUse): readonly ToolDefinition[] {
  if (choice.kind === "none") return [];
  if (choice.kind !== "named") return definitions;
  const named = definitions.filter(({ name }) => name === choice.name);
  if (named.length === 0) {
    throw new MusterError(
      "invalid_request",
      `tool_choice names "${choice.name}", which is not among the tools.`,
      {
        param: "tool_choice",
      },
    );
  }
  return named;
}

/** The schema of a tool's arguments, which are always an object. */
export function argumentsSchema({ name, parameters }: ToolDefinition): JsonSchema {
  if (parameters === undefined) return { type: "object", properties: {}, additionalProperties: false };
  if (parameters === true) return { type: "object" };
  const isObject =
    parameters !== false && (parameters["type"] === undefined || parameters["type"] === "object");
  if (!isObject) {
    throw new MusterError(
      "invalid_request",
      `The parameters of the tool "${name}" must be a schema of type "object".`,
      { param: "tools" },
    );
  }
  return { ...parameters, type: "object" };
}
