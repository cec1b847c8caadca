import type { GgufHeader, GgufValue } from "@muster/models";

/** What a llama-server is started for: it does one of the three. */
export interface ModelMode {
  readonly task: "generate" | "embed" | "rerank";
  readonly architecture: string;
  /** Tokens that the model was trained with; undefined where the file does not say. */
  readonly trainContextTokens: number | undefined;
  readonly chatTemplate: string | undefined;
}

/** llama.cpp's numbers: 0 none, 1 mean, 2 first token, 3 last token, 4 a ranking. */
const pooling = { none: 0, rank: 4 };

export function modelMode({ metadata }: Pick<GgufHeader, "metadata">): ModelMode {
  const architecture = metadata.get("general.architecture");
  const name = typeof architecture === "string" ? architecture : "unknown";
  const template = metadata.get("tokenizer.chat_template");
  const type = asNumber(metadata.get(`${name}.pooling_type`)) ?? pooling.none;
  return {
    task: type === pooling.rank ? "rerank" : type === pooling.none ? "generate" : "embed",
    architecture: name,
    trainContextTokens: asNumber(metadata.get(`${name}.context_length`)),
    chatTemplate: typeof template === "string" ? template : undefined,
  };
}

function asNumber(value: GgufValue | undefined): number | undefined {
  return typeof value === "number" ? value : undefined;
}
