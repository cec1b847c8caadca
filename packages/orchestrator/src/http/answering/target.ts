import { type Capability, type InferenceRequest, MusterError, neededCapabilities } from "@muster/base";
import type { ModelEntry } from "@muster/models";
import type { FastifyRequest } from "fastify";
import { modelForbidden, notAble } from "../../core/fleet/refusals.ts";
import { promptLengthOf } from "../../core/prompt-length.ts";
import type { HttpDeps } from "../http-deps.ts";
import { deadlineOf } from "../parsing/deadline.ts";
import { startingUp, unknownModel } from "./served.ts";

/** What a request for some name goes to. */
export interface Target {
  /** As it was asked for. */
  readonly name: string;
  /** As it is served: the name in the answer, in metrics and of the lane. */
  readonly model: string;
  readonly entry: ModelEntry | undefined;
  /** How long it should take until a replica is there. */
  readonly loadMs: number;
  /** Counted from when the request came. */
  readonly deadlineMs: number | undefined;
}

/** For estimates: what a token of usual text has. */
const charactersPerToken = 4;

/**
 * The model that answers a request for `name`. Throws `forbidden`, `model_not_found`, `unsupported`, `insufficient_capacity` and
 * `deadline_exceeded` where none can, and `not_ready` just after a start.
 */
export function targetOf(
  deps: HttpDeps,
  asked: {
    readonly name: string;
    readonly request: InferenceRequest;
    readonly from: Pick<FastifyRequest, "headers" | "principal">;
    readonly body: { readonly deadline_ms?: number | null | undefined };
    readonly params?: Partial<Record<Capability, string>> | undefined;
  },
): Target {
  const { name, request, params, from } = asked;
  const deadlineMs = deadlineOf(from.headers, asked.body);
  const allowed = from.principal.models;
  const needs = neededCapabilities(request);
  const resolved = deps.models.resolver.resolve(name, { needs, deadlineMs, allowed, ...sizeOf(request) });
  switch (resolved.kind) {
    case "model": {
      const { model, entry, loadMs } = resolved;
      return { name, model, entry, loadMs, deadlineMs };
    }
    case "unknown":
      throw unknownModel(deps, name, allowed);
    case "forbidden":
      throw modelForbidden(name, allowed);
    case "unable":
      throw notAble({ model: name, needs, able: resolved.able, params });
    case "impossible":
      throw startingUp(deps) ?? new MusterError(resolved.code, resolved.reason, { param: "model" });
    default:
      return resolved satisfies never;
  }
}

function sizeOf(request: InferenceRequest): { promptTokens?: number; maxTokens?: number | undefined } {
  if (request.task !== "generate") return {};
  const promptTokens = Math.ceil(promptLengthOf(request) / charactersPerToken);
  return { promptTokens, maxTokens: request.maxTokens };
}
