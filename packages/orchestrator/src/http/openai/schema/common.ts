import { MusterError, type Sampling } from "@muster/base";
import { z } from "zod";

/** Limits that hold for every endpoint; larger values are a client's mistake or an attack. */
export const limits = {
  maxChoices: 8,
  maxTokens: 262_144,
  maxStops: 16,
  maxStopLength: 256,
  maxMessages: 2_048,
} as const;

const count = z.int().min(1).max(limits.maxTokens);
const stopText = z.string().min(1).max(limits.maxStopLength);

/** Fields that chat and text completions share. Null means absent, as OpenAI's clients send it. */
export const commonFields = {
  model: z.string().min(1).max(256),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).max(1_000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  stop: z.union([stopText, z.array(stopText).max(limits.maxStops)]).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  n: z.int().min(1).max(limits.maxChoices).nullish(),
  max_tokens: count.nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  service_tier: z.string().max(64).nullish(),
};

export const tokenCount = count;

export interface CommonRequest {
  readonly temperature?: number | null | undefined;
  readonly top_p?: number | null | undefined;
  readonly top_k?: number | null | undefined;
  readonly min_p?: number | null | undefined;
  readonly seed?: number | null | undefined;
  readonly frequency_penalty?: number | null | undefined;
  readonly presence_penalty?: number | null | undefined;
  readonly stop?: string | string[] | null | undefined;
}

/**
 * The sampling that Gemma's model cards recommend (temperature 1.0, top-k 64, top-p 0.95), where a request does not say.
 * @param randomSeed a 32-bit unsigned integer for requests without a seed
 */
export function samplingOf(request: CommonRequest, randomSeed: number): Sampling {
  return {
    temperature: request.temperature ?? 1,
    topK: request.top_k || 64,
    topP: request.top_p ?? 0.95,
    minP: request.min_p ?? 0,
    seed: (request.seed ?? randomSeed) >>> 0,
    frequencyPenalty: request.frequency_penalty ?? 0,
    presencePenalty: request.presence_penalty ?? 0,
  };
}

export function stopsOf(request: CommonRequest): string[] {
  const { stop } = request;
  if (stop === undefined || stop === null) return [];
  return typeof stop === "string" ? [stop] : stop;
}

/** Parses a body; the first thing wrong with it becomes an `invalid_request` that names the field. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  if (body === undefined || body === null)
    throw new MusterError("invalid_json", "The request has no JSON body.");
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const param = (issue?.path ?? []).reduce<string>((path, part) => {
    if (typeof part === "number") return `${path}[${part}]`;
    return path === "" ? String(part) : `${path}.${String(part)}`;
  }, "");
  const where = param === "" ? "The body" : `"${param}"`;
  throw new MusterError("invalid_request", `${where} is wrong: ${issue?.message ?? "invalid"}.`, {
    ...(param === "" ? {} : { param }),
  });
}

/** Refuses what would change the answer if it were ignored. `isAsked` tells whether the request asks for it. */
export function refuseUnsupported(fields: Readonly<Record<string, boolean>>): void {
  for (const [param, isAsked] of Object.entries(fields)) {
    if (isAsked)
      throw new MusterError("unsupported", `"${param}" is not supported yet. Leave it out.`, { param });
  }
}
