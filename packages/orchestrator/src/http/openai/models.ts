import type { ModelEntry } from "@muster/models";
import type { FastifyInstance } from "fastify";
import { type ModelPatterns, mayUseModel } from "../../core/access/model-gate.ts";
import { contextTokensOf, servedTo, unknownModel } from "../answering/served.ts";
import type { HttpDeps } from "../http-deps.ts";

/** What can be asked for is of use to whoever asks, makes batches or looks on. */
const listing = { scope: "inference", alsoFor: ["batch", "read"] } as const;

/** GET /v1/models and /v1/models/{id}: what the fleet serves, what it could load, and families of them. */
export function modelsRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const { resolver, catalogue } = deps.models;
  const common = (id: string) => ({
    id,
    object: "model",
    // Some clients drop models without a name.
    name: id,
    created: Math.floor(deps.startedWallMs / 1000),
    owned_by: "muster",
  });
  const servedBody = (model: string) => {
    const replicas = deps.fleet.replicasOf(model).filter((replica) => replica.state === "ready");
    const contextTokens = contextTokensOf(deps, model);
    return {
      ...common(model),
      state: "served",
      family_name: catalogue.find(model)?.entry.family ?? null,
      slots: deps.served.slots(model),
      replicas: replicas.length,
      context_tokens: contextTokens,
      // The name that clients of vLLM read.
      max_model_len: contextTokens,
      capabilities: [...deps.served.capabilities(model)].sort(),
    };
  };
  const availableBody = (entry: ModelEntry) => ({
    ...common(entry.id),
    state: "available",
    family_name: entry.family,
    slots: 0,
    replicas: 0,
    context_tokens: entry.contextTokens,
    max_model_len: entry.contextTokens,
    capabilities: [...entry.capabilities].sort(),
  });
  const familyBody = (family: string, members: readonly string[]) => {
    const slots = members.reduce((sum, model) => sum + deps.served.slots(model), 0);
    const able = members.flatMap((model) => {
      const capabilities = [...deps.served.capabilities(model)];
      return capabilities.length > 0 ? capabilities : (catalogue.find(model)?.entry.capabilities ?? []);
    });
    return {
      ...common(family),
      family: true,
      members,
      state: slots > 0 ? "served" : "available",
      slots,
      capabilities: [...new Set(able)].sort(),
    };
  };

  /** Families are shown with the members that whoever asks may use. */
  const familiesFor = (allowed: ModelPatterns): Map<string, readonly string[]> => {
    const families = [...resolver.families()].map(([family, members]): [string, readonly string[]] => [
      family,
      members.filter((model) => mayUse(allowed, model)),
    ]);
    return new Map(families.filter(([, members]) => members.length > 0));
  };
  const availableTo = (allowed: ModelPatterns) =>
    resolver.available().filter((entry) => mayUseModel(allowed, { model: entry.id, entry }));
  const mayUse = (allowed: ModelPatterns, model: string) =>
    mayUseModel(allowed, { model, entry: catalogue.find(model)?.entry });

  app.get("/v1/models", { config: listing }, ({ principal: { models: allowed } }) => {
    const families = [...familiesFor(allowed)].filter(([family]) => !deps.served.has(family));
    return {
      object: "list",
      data: [
        ...servedTo(deps, allowed).map(servedBody),
        ...availableTo(allowed).map(availableBody),
        ...families.map(([family, members]) => familyBody(family, members)),
      ],
      has_more: false,
    };
  });

  // The name may hold slashes, as names of hubs do.
  app.get<{ Params: { "*": string } }>("/v1/models/*", { config: listing }, (request) => {
    const { models: allowed } = request.principal;
    const name = request.params["*"];
    if (deps.served.has(name) && mayUse(allowed, name)) return servedBody(name);
    const entry = availableTo(allowed).find(({ id }) => id === name);
    if (entry !== undefined) return availableBody(entry);
    const members = familiesFor(allowed).get(name);
    if (members !== undefined) return familyBody(name, members);
    throw unknownModel(deps, name, allowed);
  });
}
