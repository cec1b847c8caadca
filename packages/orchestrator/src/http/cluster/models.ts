import { MusterError } from "@muster/base";
import type { ModelVariant } from "@muster/models";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { WorkerView } from "../../core/fleet/worker.ts";
import type { CatalogueModel } from "../../flows/catalogue/model-catalogue.ts";
import { abortOnDisconnect } from "../answering/accounted.ts";
import type { HttpDeps } from "../http-deps.ts";
import { noteTo, withoutSecrets } from "../note.ts";
import { parseBody } from "../parsing/body.ts";

const addSchema = z.strictObject({
  /** `hf:owner/repo/file.gguf`, `https:`, or a path on the orchestrator. */
  uri: z.string().min(1).max(2_048),
  id: z.string().max(100).nullish(),
  family: z.string().max(64).nullish(),
});

const pinSchema = z.strictObject({
  replicas: z.int().min(1).max(64).nullish(),
  labels: z.record(z.string().max(64), z.string().max(128)).nullish(),
});

type ModelParams = { Params: { id: string } };

/** The catalogue of models: what can be asked for by name, where it is loaded, and what must always be. */
export function clusterModelsRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const { catalogue } = deps.models;
  const note = noteTo(deps.audit);
  const body = (model: CatalogueModel) => modelBody(deps.fleet.workers(), model);

  app.get("/cluster/v1/models", { config: { scope: "read" } }, () => {
    const workers = deps.fleet.workers();
    return {
      object: "list",
      data: catalogue.list().map((model) => modelBody(workers, model)),
      has_more: false,
    };
  });

  app.post("/cluster/v1/models", { config: { scope: "admin" } }, async (request, reply) => {
    const { uri, id, family } = parseBody(addSchema, request.body);
    const { signal } = abortOnDisconnect(request.raw, reply.raw);
    try {
      const asked = { uri, id: id ?? undefined, family: family ?? undefined };
      const added = await catalogue.add(asked, signal);
      note(request, "model.add", added.entry.id, { uri: withoutSecrets(uri) });
      return reply.status(201).send(body(added));
    } catch (error) {
      throw asBadRequest(error);
    }
  });

  app.delete<ModelParams>("/cluster/v1/models/:id", { config: { scope: "admin" } }, async (request) => {
    const { params } = request;
    await catalogue.remove(params.id);
    note(request, "model.remove", params.id);
    return { id: params.id, object: "model", deleted: true };
  });

  app.put<ModelParams>(
    "/cluster/v1/models/:id/pin",
    { config: { scope: "admin" } },
    async (request: FastifyRequest<ModelParams>) => {
      const { replicas, labels } = parseBody(pinSchema, request.body ?? {});
      const pinned = await catalogue.pin(request.params.id, {
        replicas: replicas ?? 1,
        labels: labels ?? {},
      });
      note(request, "model.pin", pinned.entry.id, { replicas: replicas ?? 1 });
      return body(pinned);
    },
  );

  app.delete<ModelParams>("/cluster/v1/models/:id/pin", { config: { scope: "admin" } }, async (request) => {
    const unpinned = await catalogue.unpin(request.params.id);
    note(request, "model.unpin", unpinned.entry.id);
    return body(unpinned);
  });
}

/** A file that cannot be read is the fault of whoever named it: no client should try the same again. */
function asBadRequest(error: unknown): unknown {
  if (!(error instanceof MusterError) || error.code !== "model_load_failed") return error;
  return new MusterError("invalid_request", error.message, { param: "uri", cause: error });
}

function modelBody(workers: readonly WorkerView[], { entry, pin }: CatalogueModel) {
  const names = new Set([entry.id, ...(entry.aliases ?? [])]);
  const loaded = workers.flatMap((worker) =>
    worker.replicas
      .filter(({ model }) => names.has(model))
      .map((replica) => ({
        worker: worker.name,
        worker_id: worker.id,
        state: replica.state,
        variant: replica.variant ?? null,
        slots: replica.slots,
        context_tokens: replica.contextTokens,
      })),
  );
  return {
    id: entry.id,
    object: "model",
    title: entry.title,
    family: entry.family,
    rank: entry.rank,
    kind: entry.kind,
    aliases: entry.aliases ?? [],
    origin: entry.origin,
    licence: entry.licence,
    parameters: entry.parameters,
    active_parameters: entry.activeParameters,
    context_tokens: entry.contextTokens,
    max_context_tokens: entry.maxContextTokens,
    capabilities: entry.capabilities,
    sampling:
      entry.sampling === undefined
        ? null
        : {
            temperature: entry.sampling.temperature,
            top_k: entry.sampling.topK ?? null,
            top_p: entry.sampling.topP,
          },
    variants: entry.variants.map(variantBody),
    sources: entry.sources.map(({ what, where, isVerified }) => ({ what, where, is_verified: isVerified })),
    pin: pin === undefined ? null : { replicas: pin.replicas, labels: pin.labels },
    loaded,
  };
}

function variantBody({ id, uri, bytes, sha256, bitsPerWeight, projector, profile }: ModelVariant) {
  return {
    id,
    uri,
    bytes: bytes ?? null,
    sha256: sha256 ?? null,
    bits_per_weight: bitsPerWeight,
    projector: projector === undefined ? null : { uri: projector.uri, bytes: projector.bytes ?? null },
    kv_bytes_per_token: profile.kvBytesPerToken,
    layers: profile.layers,
  };
}
