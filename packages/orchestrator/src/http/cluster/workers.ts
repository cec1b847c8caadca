import { type GpuLoad, MusterError } from "@muster/base";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { ReplicaView, WorkerView } from "../../core/fleet/worker.ts";
import type { WorkerLink } from "../../ports/worker-link.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";

const loadSchema = z.strictObject({
  /** `hf:owner/repo/file.gguf`, `https:`, `file:` or a path on the worker. */
  model_uri: z.string().min(1).max(2_048),
  model: z.string().min(1).max(128).optional(),
  slots: z.int().min(1).max(256).optional(),
  context_tokens: z.int().min(128).max(1_048_576).optional(),
});

type WorkerParams = { Params: { id: string } };

/** The cluster API's view of the fleet, and what can be asked of one worker. */
export function workersRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const viewOf = (id: string): WorkerView => {
    const worker = deps.fleet.worker(id);
    if (worker !== undefined) return worker;
    throw new MusterError(
      "not_found",
      `There is no worker "${id.slice(0, 128)}". GET /cluster/v1/workers lists them.`,
    );
  };
  const linkTo = (id: string): WorkerLink => {
    const { name } = viewOf(id);
    const link = deps.fleet.linkTo(id);
    if (link !== undefined) return link;
    throw new MusterError("worker_lost", `The worker "${name}" is not connected.`);
  };

  app.get("/cluster/v1/workers", () => ({
    object: "list",
    data: deps.fleet.workers().map(workerBody),
    has_more: false,
  }));

  app.get<WorkerParams>("/cluster/v1/workers/:id", (request) => workerBody(viewOf(request.params.id)));

  app.post<WorkerParams>("/cluster/v1/workers/:id/drain", (request, reply) => {
    linkTo(request.params.id).send({ kind: "drain", reason: "asked by an administrator" });
    deps.fleet.markDraining(request.params.id);
    return reply.status(202).send(workerBody(viewOf(request.params.id)));
  });

  app.post<WorkerParams>("/cluster/v1/workers/:id/replicas", (request, reply) => {
    const body = parseBody(loadSchema, request.body);
    const replicaId = deps.newId("rep-");
    linkTo(request.params.id).send({
      kind: "load",
      replicaId,
      modelUri: body.model_uri,
      model: body.model,
      slots: body.slots,
      contextTokens: body.context_tokens,
    });
    return reply.status(202).send({ id: replicaId, object: "replica", state: "loading" });
  });

  app.delete<{ Params: { id: string; replicaId: string } }>(
    "/cluster/v1/workers/:id/replicas/:replicaId",
    (request, reply) => {
      const { id, replicaId } = request.params;
      const link = linkTo(id);
      if (!viewOf(id).replicas.some((replica) => replica.id === replicaId)) {
        throw new MusterError("not_found", `The worker has no replica "${replicaId.slice(0, 128)}".`);
      }
      link.send({ kind: "unload", replicaId });
      return reply.status(202).send({ id: replicaId, object: "replica", state: "unloading" });
    },
  );
}

function workerBody(worker: WorkerView) {
  const { hardware } = worker;
  return {
    id: worker.id,
    object: "worker",
    name: worker.name,
    state: worker.state,
    version: worker.version,
    labels: worker.labels,
    connected_at: Math.floor(worker.connectedAtMs / 1000),
    last_heartbeat_at: Math.floor(worker.lastHeartbeatAtMs / 1000),
    cpu_load: Math.round(worker.cpuLoad * 100) / 100,
    availability: worker.availability,
    given_back: worker.givenBack,
    gpus: (worker.load?.gpus ?? []).map(gpuLoadBody),
    hardware: {
      hostname: hardware.hostname,
      platform: hardware.platform,
      arch: hardware.arch,
      cpu_model: hardware.cpuModel,
      physical_cores: hardware.physicalCores,
      logical_cores: hardware.logicalCores,
      ram_bytes: hardware.ramBytes,
      free_ram_bytes: hardware.freeRamBytes,
      backend: hardware.backend,
      gpus: hardware.gpus.map(({ name, vramBytes, freeVramBytes }) => ({
        name,
        vram_bytes: vramBytes,
        free_vram_bytes: freeVramBytes,
      })),
    },
    replicas: worker.replicas.map(replicaBody),
  };
}

/** A GPU as the last heartbeat told; null is what its driver does not tell. */
function gpuLoadBody(load: GpuLoad) {
  return {
    free_vram_bytes: load.freeVramBytes,
    others_bytes: load.othersBytes ?? null,
    offered_bytes: load.offeredBytes,
    utilization: load.utilization ?? null,
    temperature_celsius: load.temperatureCelsius ?? null,
    watts: load.watts ?? null,
  };
}

function replicaBody(replica: ReplicaView) {
  const rate = replica.decodeTokensPerSecond;
  return {
    id: replica.id,
    model: replica.model,
    state: replica.state,
    engine: replica.engine,
    engine_version: replica.engineVersion ?? null,
    model_sha256: replica.modelSha256 ?? null,
    backend: replica.backend,
    slots: replica.slots,
    slots_used: replica.slotsUsed,
    context_tokens: replica.contextTokens,
    capabilities: [...replica.capabilities].sort(),
    decode_tokens_per_second: rate === undefined ? null : Math.round(rate * 10) / 10,
    progress: replica.state === "loading" || replica.state === "fetching" ? replica.progress : null,
    error: replica.failure?.message ?? null,
  };
}
