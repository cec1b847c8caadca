import { MusterError } from "@muster/base";
import type { BatchEndpoint } from "@muster/sdk";

export const endpoints = [
  "/v1/chat/completions",
  "/v1/completions",
  "/v1/embeddings",
  "/v1/responses",
] as const satisfies readonly BatchEndpoint[];

/** What the command's options say about each request. */
export interface RequestSettings {
  readonly endpoint: BatchEndpoint;
  readonly system?: string | undefined;
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  /** A JSON schema that answers must fit. */
  readonly schema?: object | undefined;
}

export type RequestBody = Readonly<Record<string, unknown>>;

/** A request's body as the endpoint takes it, from a plain prompt. */
export function bodyOfPrompt(prompt: string, endpoint: BatchEndpoint): RequestBody {
  switch (endpoint) {
    case "/v1/chat/completions":
      return { messages: [{ role: "user", content: prompt }] };
    case "/v1/completions":
      return { prompt };
    case "/v1/embeddings":
    case "/v1/responses":
      return { input: prompt };
  }
}

/** Adds what the options say and the body does not. */
export function withSettings(body: RequestBody, settings: RequestSettings): RequestBody {
  return { ...fieldsOf(settings, body), ...body, ...messagesOf(body, settings) };
}

/** Throws `invalid_request` for options that the endpoint has no field for. */
export function checkSettings(settings: RequestSettings): void {
  const { endpoint, system, schema, maxTokens, temperature } = settings;
  const misfits = [
    ...(system !== undefined && !hasInstructions(endpoint) ? ["--system"] : []),
    ...(schema !== undefined && !hasInstructions(endpoint) ? ["--schema"] : []),
    ...(endpoint === "/v1/embeddings" && maxTokens !== undefined ? ["--max-tokens"] : []),
    ...(endpoint === "/v1/embeddings" && temperature !== undefined ? ["--temperature"] : []),
  ];
  if (misfits.length > 0) {
    throw new MusterError(
      "invalid_request",
      `${endpoint} does not take ${misfits.join(" or ")}. Leave it out.`,
    );
  }
}

function hasInstructions(endpoint: BatchEndpoint): boolean {
  return endpoint === "/v1/chat/completions" || endpoint === "/v1/responses";
}

function fieldsOf(
  { endpoint, system, maxTokens, temperature, schema }: RequestSettings,
  body: RequestBody,
): RequestBody {
  const format = schema === undefined ? undefined : { name: "answer", schema, strict: true };
  const isResponses = endpoint === "/v1/responses";
  return defined({
    temperature,
    [isResponses ? "max_output_tokens" : "max_tokens"]:
      body["max_completion_tokens"] === undefined ? maxTokens : undefined,
    instructions: isResponses ? system : undefined,
    text: isResponses && format ? { format: { type: "json_schema", ...format } } : undefined,
    response_format: !isResponses && format ? { type: "json_schema", json_schema: format } : undefined,
  });
}

function messagesOf(body: RequestBody, { endpoint, system }: RequestSettings): RequestBody {
  const { messages } = body;
  if (system === undefined || endpoint !== "/v1/chat/completions" || !Array.isArray(messages)) return {};
  const isTold = messages.some((message) => ["system", "developer"].includes(message?.role));
  return isTold ? {} : { messages: [{ role: "system", content: system }, ...messages] };
}

function defined(fields: RequestBody): RequestBody {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
