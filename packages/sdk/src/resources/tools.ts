/**
 * A JSON Schema.
 * @example const schema: JsonSchema = { type: "object", properties: { age: { type: "integer" } } };
 */
export type JsonSchema = boolean | Readonly<Record<string, unknown>>;

/**
 * A function that the model may call. The caller runs it and sends its result as a message of the role `tool`.
 * @example const tool: Tool = { type: "function", function: { name: "time", description: "Now, in UTC." } };
 */
export interface Tool {
  readonly type: "function";
  readonly function: {
    readonly name: string;
    readonly description?: string | undefined;
    /** Of an object: the arguments. */
    readonly parameters?: JsonSchema | undefined;
    readonly strict?: boolean | null | undefined;
  };
}

/**
 * Whether tools are called: as the model sees fit, never, at least one, or the one that is named.
 * @example const choice: ToolChoice = { type: "function", function: { name: "time" } };
 */
export type ToolChoice =
  | "auto"
  | "none"
  | "required"
  | { readonly type: "function"; readonly function: { readonly name: string } };

/**
 * A call that the model asks for.
 * @example const given = JSON.parse(call.function.arguments);
 */
export interface ToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: {
    readonly name: string;
    /** A JSON object, as text. */
    readonly arguments: string;
  };
}

/**
 * A piece of a streamed call: the first of a call has its id and name, later ones add to its arguments.
 * @example texts[piece.index] = (texts[piece.index] ?? "") + (piece.function?.arguments ?? "");
 */
export interface ToolCallDelta {
  readonly index: number;
  readonly id?: string;
  readonly type?: "function";
  readonly function?: { readonly name?: string; readonly arguments?: string };
}

/**
 * The form that an answer is held to.
 * @example const format: ResponseFormat = { type: "json_schema", json_schema: { name: "person", schema } };
 */
export type ResponseFormat =
  | { readonly type: "text" }
  | { readonly type: "json_object" }
  | {
      readonly type: "json_schema";
      readonly json_schema: {
        readonly name: string;
        readonly schema: JsonSchema;
        readonly description?: string | undefined;
        readonly strict?: boolean | null | undefined;
      };
    };
