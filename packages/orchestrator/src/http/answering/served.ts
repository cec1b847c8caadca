import { type Capability, type InferenceRequest, MusterError, neededCapabilities } from "@muster/base";
import { type ModelPatterns, mayUseModel } from "../../core/access/model-gate.ts";
import { modelNotFound, notAble } from "../../core/fleet/refusals.ts";
import type { HttpDeps } from "../http-deps.ts";

/** After a start, workers need a moment to dial in: until then an unknown model is only not here yet. */
const startupGraceMs = 15_000;

/** `not_ready` just after a start, while no worker has joined; undefined later. */
export function startingUp(deps: HttpDeps): MusterError | undefined {
  if (deps.served.list().length > 0 || deps.clock.nowMs() - deps.startedAtMs >= startupGraceMs)
    return undefined;
  return new MusterError("not_ready", "This orchestrator has just started and no worker has joined yet.", {
    retryAfterMs: 2_000,
  });
}

/** `model_not_found` naming the models that are served to whoever asks, or `not_ready` just after a start. */
export function unknownModel(deps: HttpDeps, model: string, allowed: ModelPatterns): MusterError {
  return startingUp(deps) ?? modelNotFound(model, servedTo(deps, allowed));
}

/** The models that are served and that whoever asks may use. */
export function servedTo(deps: HttpDeps, allowed: ModelPatterns): readonly string[] {
  const { catalogue } = deps.models;
  return deps.served
    .list()
    .filter((model) => mayUseModel(allowed, { model, entry: catalogue.find(model)?.entry }));
}

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
  if (!deps.served.canDo(model, needs))
    throw notAble({ model, needs, able: deps.served.capabilities(model), params });
}

/** What a slot of any ready replica can hold, or null while none is ready. */
export function contextTokensOf(deps: HttpDeps, model: string): number | null {
  const ready = deps.fleet.replicasOf(model).filter(({ state }) => state === "ready");
  return ready.length === 0 ? null : Math.min(...ready.map(({ contextTokens }) => contextTokens));
}
