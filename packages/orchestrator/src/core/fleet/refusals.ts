import { type Capability, MusterError } from "@muster/base";

/** Names what is served instead. */
export function modelNotFound(model: string, known: readonly string[]): MusterError {
  const served =
    known.length === 0 ? "No model is served: no worker has joined." : `Served now: ${known.join(", ")}.`;
  return new MusterError(
    "model_not_found",
    `The model "${model.slice(0, 256)}" is not served here. ${served}`,
    { param: "model" },
  );
}

/** Says what may be used, and nothing of whether there is what was asked for. */
export function modelForbidden(model: string, allowed: readonly string[] = []): MusterError {
  return new MusterError(
    "forbidden",
    `The API key may not use the model "${model.slice(0, 128)}": it is for ${allowed.join(", ")}. GET /v1/models lists what it can ask for.`,
    { param: "model" },
  );
}

/** The field that asks for each, in the words of chat completions; `model` where it is the endpoint itself. */
const defaultParams: Record<Capability, string> = {
  chat: "model",
  completion: "model",
  tools: "tools",
  structured_output: "response_format",
  thinking: "reasoning_effort",
  logprobs: "logprobs",
  logit_bias: "logit_bias",
  embedding: "model",
  rerank: "model",
  tokenize: "model",
  vision: "messages",
  audio: "messages",
};

/** `unsupported`: no replica of the model can do all that a request needs. */
export function notAble(asked: {
  readonly model: string;
  readonly needs: ReadonlySet<Capability>;
  /** What some replica of it can do. */
  readonly able: ReadonlySet<Capability>;
  readonly params?: Partial<Record<Capability, string>> | undefined;
}): MusterError {
  const { model, needs, able, params } = asked;
  const missing = [...needs].filter((need) => !able.has(need));
  const lacking = missing[0] ?? [...needs].at(-1) ?? "chat";
  const what =
    missing.length === 0
      ? `no replica of "${model}" can do all of this in one request: ${[...needs].join(", ")}`
      : `the replicas of "${model}" cannot do: ${missing.join(", ")}`;
  const instead = able.size === 0 ? "" : ` They can do: ${[...able].sort().join(", ")}.`;
  return new MusterError("unsupported", `This request cannot be answered: ${what}.${instead}`, {
    param: params?.[lacking] ?? defaultParams[lacking],
  });
}
