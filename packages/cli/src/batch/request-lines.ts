import { MusterError } from "@muster/base";
import type { InputFile, InputRow } from "./input-file.ts";
import { type PromptTemplate, parseTemplate } from "./prompt-template.ts";
import { bodyOfPrompt, type RequestBody, type RequestSettings, withSettings } from "./request-body.ts";

/** A row of the input, and the line of the batch that it becomes. */
export interface RequestLine {
  readonly row: InputRow;
  readonly customId: string;
  /** With its line end. */
  readonly json: string;
}

export interface RequestOptions extends RequestSettings {
  readonly prompt?: string | undefined;
  /** For lines that name none; asked for once there is one. */
  readonly model: () => Promise<string>;
}

/** Makes the lines of a batch of a file, each time anew. Throws `invalid_request` with the place where something is wrong. */
export async function* requestLines(
  input: InputFile,
  options: RequestOptions,
): AsyncGenerator<RequestLine, void> {
  const template = templateOf(input, options.prompt);
  for await (const row of input.rows()) {
    const { customId, body } = requestOf(row, { input, options, template });
    const model = body["model"] ?? (await options.model());
    const line = {
      custom_id: customId,
      method: row.json?.["method"] ?? "POST",
      url: row.json?.["url"] ?? options.endpoint,
      body: { model, ...body },
    };
    yield { row, customId, json: `${JSON.stringify(line)}\n` };
  }
}

/** What a prompt is made of where nothing is said: a text's lines, a table's column of that name. */
function templateOf(input: InputFile, prompt: string | undefined): PromptTemplate | undefined {
  if (prompt !== undefined) return parseTemplate(prompt, input.columns);
  switch (input.kind) {
    case "text":
      return parseTemplate("{text}", input.columns);
    case "jsonl":
      return undefined;
    case "csv":
      if (input.columns?.includes("prompt")) return parseTemplate("{prompt}", input.columns);
      throw new MusterError(
        "invalid_request",
        `${input.path} has no column "prompt". Say what to ask with --prompt, such as --prompt "Summarise: {${input.columns?.[0] ?? "text"}}".`,
      );
  }
}

interface RowContext {
  readonly input: InputFile;
  readonly options: RequestOptions;
  readonly template: PromptTemplate | undefined;
}

function requestOf(
  row: InputRow,
  { input, options, template }: RowContext,
): { readonly customId: string; readonly body: RequestBody } {
  const customId = row.json?.["custom_id"] ?? `line-${row.number}`;
  if (typeof customId !== "string") {
    throw new MusterError(
      "invalid_request",
      `${input.path}, request ${row.number}: its custom_id is no text. Put it in quotes.`,
    );
  }
  const body =
    template === undefined
      ? bodyOfJson(row.json ?? {}, options)
      : bodyOfPrompt(template.fill(row.fields), options.endpoint);
  return { customId, body: withSettings(body, options) };
}

/** A line of a batch, a request with a prompt, or a request's body as it is. */
function bodyOfJson(json: RequestBody, { endpoint }: RequestOptions): RequestBody {
  const { body } = json;
  if (typeof body === "object" && body !== null) return body as RequestBody;
  const { custom_id: _ours, prompt, ...rest } = json;
  if (endpoint === "/v1/completions") return prompt === undefined ? rest : { ...rest, prompt };
  return typeof prompt === "string" ? { ...rest, ...bodyOfPrompt(prompt, endpoint) } : rest;
}
