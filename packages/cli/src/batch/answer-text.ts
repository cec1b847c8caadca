import type { BatchEndpoint } from "@muster/sdk";

/** A line of an output or error file. */
export interface ResultLine {
  readonly custom_id: string;
  readonly response: { readonly status_code: number; readonly body: unknown } | null;
  readonly error: { readonly code?: string; readonly message?: string } | null;
}

export interface Answer {
  readonly text: string;
  /** Why there is no answer; empty where there is one. */
  readonly error: string;
}

/** What a result says, for a reader who wants no JSON. */
export function answerOf(line: ResultLine, endpoint: BatchEndpoint): Answer {
  const body = recordOf(line.response?.body);
  const failure = recordOf(line.error) ?? recordOf(body?.["error"]);
  if (failure !== undefined) {
    const says = [failure["code"], failure["message"]].filter((word) => typeof word === "string");
    return { text: "", error: says.join(": ") || "failed without saying why" };
  }
  return { text: textOf(body, endpoint), error: "" };
}

function textOf(body: Fields | undefined, endpoint: BatchEndpoint): string {
  switch (endpoint) {
    case "/v1/chat/completions": {
      const message = recordOf(first(body?.["choices"])?.["message"]);
      return plain(message?.["content"]) || plain(message?.["tool_calls"]);
    }
    case "/v1/completions":
      return plain(first(body?.["choices"])?.["text"]);
    case "/v1/embeddings":
      return plain(first(body?.["data"])?.["embedding"]);
    case "/v1/responses":
      return outputText(body?.["output"]);
  }
}

/** The texts among what a response holds; there may be thoughts and tool calls beside them. */
function outputText(output: unknown): string {
  if (!Array.isArray(output)) return "";
  const parts = output.flatMap((item): unknown[] => {
    const content = recordOf(item)?.["content"];
    return recordOf(item)?.["type"] === "message" && Array.isArray(content) ? content : [];
  });
  return parts.map((part) => plain(recordOf(part)?.["text"])).join("");
}

type Fields = Readonly<Record<string, unknown>>;

function recordOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function first(list: unknown): Fields | undefined {
  return Array.isArray(list) ? recordOf(list[0]) : undefined;
}

function plain(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
