import { readFile } from "node:fs/promises";
import { MusterError } from "@muster/base";
import type { BatchEndpoint, Muster } from "@muster/sdk";
import { servedModel } from "../served-model.ts";
import { type InputFile, openInput } from "./input-file.ts";
import { checkSettings } from "./request-body.ts";
import { type RequestLine, type RequestOptions, requestLines } from "./request-lines.ts";
import { messageOf } from "./text-of-file.ts";

/** Options that say what the lines of a batch are. */
export interface InputFlags {
  readonly model?: string;
  readonly prompt?: string;
  readonly system?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly schema?: string;
  readonly endpoint?: BatchEndpoint;
}

export interface BatchInput {
  readonly file: InputFile;
  readonly endpoint: BatchEndpoint;
  /** Reads the file, each time anew. */
  lines(): AsyncIterable<RequestLine>;
  /** What lines without a model were given; undefined where there was none. */
  model(): string | undefined;
}

/** Reads what the options name. Throws `invalid_request` for what does not fit together. */
export async function openBatchInput(
  client: Muster,
  path: string,
  asked: { readonly flags: InputFlags; readonly model?: string | undefined; readonly signal: AbortSignal },
): Promise<BatchInput> {
  const { flags, signal } = asked;
  const file = await openInput(path);
  const endpoint = flags.endpoint ?? (await endpointOf(file)) ?? "/v1/chat/completions";
  let model: string | undefined;
  const options: RequestOptions = {
    endpoint,
    prompt: flags.prompt,
    system: flags.system,
    maxTokens: flags.maxTokens,
    temperature: flags.temperature,
    schema: flags.schema === undefined ? undefined : await schemaOf(flags.schema),
    async model() {
      model ??= await servedModel(client, flags.model ?? asked.model, signal);
      return model;
    },
  };
  checkSettings(options);
  return { file, endpoint, lines: () => requestLines(file, options), model: () => model };
}

/** A file of whole lines says itself where they go. */
async function endpointOf(file: InputFile): Promise<BatchEndpoint | undefined> {
  if (file.kind !== "jsonl") return undefined;
  for await (const { json } of file.rows()) {
    // What is no endpoint is for the server to refuse, with the line's number.
    return typeof json?.["url"] === "string" ? (json["url"] as BatchEndpoint) : undefined;
  }
  return undefined;
}

async function schemaOf(path: string): Promise<object> {
  try {
    const schema: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof schema === "object" && schema !== null && !Array.isArray(schema)) return schema;
  } catch (cause) {
    throw new MusterError("invalid_request", `Cannot read the schema in ${path}: ${messageOf(cause)}.`, {
      cause,
    });
  }
  throw new MusterError("invalid_request", `${path} holds no JSON schema: it must be an object.`);
}
