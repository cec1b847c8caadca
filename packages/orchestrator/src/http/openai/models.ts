import type { FastifyInstance } from "fastify";
import { modelNotFound } from "../../core/fleet/refusals.ts";
import { contextTokensOf } from "../answering/served.ts";
import type { HttpDeps } from "../http-deps.ts";

/** GET /v1/models and /v1/models/{id}: what the fleet serves. */
export function modelsRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const modelBody = (model: string) => {
    const replicas = deps.fleet.replicasOf(model).filter((replica) => replica.state === "ready");
    return {
      id: model,
      object: "model",
      // Some clients drop models without a name.
      name: model,
      created: Math.floor(deps.startedWallMs / 1000),
      owned_by: "muster",
      slots: deps.served.slots(model),
      replicas: replicas.length,
      context_tokens: contextTokensOf(deps, model),
      // The name that clients of vLLM read.
      max_model_len: contextTokensOf(deps, model),
      capabilities: [...deps.served.capabilities(model)].sort(),
    };
  };

  app.get("/v1/models", () => ({
    object: "list",
    data: deps.served.list().map(modelBody),
    has_more: false,
  }));

  // The name may hold slashes, as names of hubs do.
  app.get<{ Params: { "*": string } }>("/v1/models/*", (request) => {
    const model = request.params["*"];
    if (deps.served.has(model)) return modelBody(model);
    throw modelNotFound(model, deps.served.list());
  });
}
