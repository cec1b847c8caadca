import { type Capability, type InferenceRequest, MusterError, neededCapabilities } from "@muster/base";
import type { HttpDeps } from "../http-deps.ts";

/** After a start, workers need a moment to dial in: until then an unknown model is only not here yet. */
const startupGraceMs = 15_000;

/** Throws `model_not_found` naming the models that are served, or `not_ready` just after a start. */
export function requireModel(deps: HttpDeps, model: string): void {
  if (deps.served.has(model)) return;
  if (deps.served.list().length === 0 && deps.clock.nowMs() - deps.startedAtMs < startupGraceMs) {
    throw new MusterError("not_ready", "This orchestrator has just started and no worker has joined yet.", {
      retryAfterMs: 2_000,
    });
  }
  throw modelNotFound(deps, model);
}

/** Names what is served instead. */
export function modelNotFound(deps: HttpDeps, model: string): MusterError {
  const known = deps.served.list();
  const served =
    known.length === 0 ? "No model is served: no worker has joined." : `Served now: ${known.join(", ")}.`;
  return new MusterError(
    "model_not_found",
    `The model "${model.slice(0, 256)}" is not served here. ${served}`,
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

/** Throws `unsupported` where no replica of the model can do all that the request needs. */
export function requireCapabilities(
  deps: HttpDeps,
  asked: {
    readonly model: string;
    readonly request: InferenceRequest;
    readonly params?: Partial<Record<Capability, string>> | undefined;
  },
): void {
  const { model, request, params } = asked;
  const needs = neededCapabilities(request);
  if (deps.served.canDo(model, needs)) return;
  const able = deps.served.capabilities(model);
  const missing = [...needs].filter((need) => !able.has(need));
  const lacking = missing[0] ?? [...needs].at(-1) ?? "chat";
  const what =
    missing.length === 0
      ? `no replica of "${model}" can do all of this in one request: ${[...needs].join(", ")}`
      : `the replicas of "${model}" cannot do: ${missing.join(", ")}`;
  const instead = able.size === 0 ? "" : ` They can do: ${[...able].sort().join(", ")}.`;
  throw new MusterError("unsupported", `This request cannot be answered: ${what}.${instead}`, {
    param: params?.[lacking] ?? defaultParams[lacking],
  });
}

/** What a slot of any ready replica can hold, or null while none is ready. */
export function contextTokensOf(deps: HttpDeps, model: string): number | null {
  const ready = deps.fleet.replicasOf(model).filter(({ state }) => state === "ready");
  return ready.length === 0 ? null : Math.min(...ready.map(({ contextTokens }) => contextTokens));
}
