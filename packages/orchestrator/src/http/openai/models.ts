import { MusterError } from "@muster/base";
import type { FastifyInstance } from "fastify";
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
      context_tokens:
        replicas.length === 0 ? null : Math.min(...replicas.map((replica) => replica.contextTokens)),
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
    const known = deps.served.list();
    if (known.includes(model)) return modelBody(model);
    const served = known.length === 0 ? "No model is served." : `Served now: ${known.join(", ")}.`;
    throw new MusterError(
      "model_not_found",
      `The model "${model.slice(0, 256)}" is not served here. ${served}`,
      {
        param: "model",
      },
    );
  });
}
