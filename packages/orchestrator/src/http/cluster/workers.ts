import { MusterError } from "@muster/base";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { ReplicaView, WorkerView } from "../../core/fleet/worker.ts";
import type { ComingDay } from "../../flows/presence-keeper.ts";
import type { WorkerLink } from "../../ports/worker-link.ts";
import type { HttpDeps } from "../http-deps.ts";
import { noteTo, withoutSecrets } from "../note.ts";
import { parseBody } from "../parsing/body.ts";
import { untilPaused } from "./until-paused.ts";
import { energyBody, gpuBodies } from "./worker-load.ts";

const loadSchema = z.strictObject({
  /** `hf:owner/repo/file.gguf`, `https:`, `file:` or a path on the worker. */
  model_uri: z.string().min(1).max(2_048),
  model: z.string().min(1).max(128).optional(),
  slots: z.int().min(1).max(256).optional(),
  context_tokens: z.int().min(128).max(1_048_576).optional(),
});

/** A week at most: a machine that nobody thinks of any more lends again. */
const pauseSchema = z.strictObject({ seconds: z.int().min(1).max(604_800).optional() });

type WorkerParams = { Params: { id: string } };
type ReplicaParams = { Params: { id: string; replicaId: string } };

const askedBy = "asked by an administrator";

/** The cluster API's view of the fleet, and what can be asked of one worker. */
export function workersRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const note = noteTo(deps.audit);
  const viewOf = (id: string): WorkerView => {
    const worker = deps.fleet.worker(id);
    if (worker !== undefined) return worker;
    throw new MusterError(
      "not_found",
      `There is no worker "${id.slice(0, 128)}". GET /cluster/v1/workers lists them.`,
    );
  };
  const workerBody = (worker: WorkerView) => ({
    ...bodyOf(worker),
    energy: energyBody(worker, deps.energy.of(worker.id), deps.pricePerKwh),
  });
  const linkTo = (id: string): WorkerLink => {
    const { name } = viewOf(id);
    const link = deps.fleet.linkTo(id);
    if (link !== undefined) return link;
    throw new MusterError("worker_lost", `The worker "${name}" is not connected.`);
  };

  const replicaOf = (id: string, replicaId: string): ReplicaView => {
    const replica = viewOf(id).replicas.find((one) => one.id === replicaId);
    if (replica !== undefined) return replica;
    throw new MusterError("not_found", `The worker has no replica "${replicaId.slice(0, 128)}".`);
  };

  app.get("/cluster/v1/workers", { config: { scope: "read" } }, () => ({
    object: "list",
    data: deps.fleet.workers().map(workerBody),
    has_more: false,
  }));

  app.get<WorkerParams>("/cluster/v1/workers/:id", { config: { scope: "read" } }, (request) => ({
    ...workerBody(viewOf(request.params.id)),
    presence: presenceBody(deps.presence.comingDay(request.params.id)),
  }));

  app.post<WorkerParams>(
    "/cluster/v1/workers/:id/drain",
    { config: { scope: "admin" } },
    (request, reply) => {
      linkTo(request.params.id).send({ kind: "drain", reason: askedBy });
      deps.fleet.markDraining(request.params.id);
      note(request, "worker.drain", request.params.id);
      return reply.status(202).send(workerBody(viewOf(request.params.id)));
    },
  );

  app.post<WorkerParams>(
    "/cluster/v1/workers/:id/pause",
    { config: { scope: "admin" } },
    async (request, reply) => {
      const { id } = request.params;
      // Without a time it needs no body.
      const { seconds } = parseBody(pauseSchema, request.body ?? {});
      linkTo(id).send({ kind: "lend", isPaused: true, seconds: seconds ?? 0, reason: askedBy });
      note(request, "worker.pause", id, seconds === undefined ? {} : { seconds });
      await untilPaused(deps, id);
      return reply.status(202).send(workerBody(viewOf(id)));
    },
  );

  app.post<WorkerParams>(
    "/cluster/v1/workers/:id/resume",
    { config: { scope: "admin" } },
    (request, reply) => {
      const { id } = request.params;
      linkTo(id).send({ kind: "lend", isPaused: false, seconds: 0, reason: askedBy });
      note(request, "worker.resume", id);
      return reply.status(202).send(workerBody(viewOf(id)));
    },
  );

  app.post<WorkerParams>(
    "/cluster/v1/workers/:id/replicas",
    { config: { scope: "admin" } },
    (request, reply) => {
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
      note(request, "worker.load", request.params.id, {
        replica: replicaId,
        uri: withoutSecrets(body.model_uri),
      });
      return reply.status(202).send({ id: replicaId, object: "replica", state: "loading" });
    },
  );

  app.post<ReplicaParams>(
    "/cluster/v1/workers/:id/replicas/:replicaId/check",
    { config: { scope: "admin" } },
    (request, reply) => {
      const { id, replicaId } = request.params;
      linkTo(id);
      const { state } = replicaOf(id, replicaId);
      if (!deps.canary.check(id, replicaId)) {
        throw new MusterError(
          "not_ready",
          `The replica is ${state}: only one that is ready can be asked its golden prompts.`,
        );
      }
      return reply.status(202).send(replicaBody(replicaOf(id, replicaId)));
    },
  );

  app.delete<ReplicaParams>(
    "/cluster/v1/workers/:id/replicas/:replicaId",
    { config: { scope: "admin" } },
    (request, reply) => {
      const { id, replicaId } = request.params;
      const link = linkTo(id);
      replicaOf(id, replicaId);
      link.send({ kind: "unload", replicaId });
      note(request, "worker.unload", id, { replica: replicaId });
      return reply.status(202).send({ id: replicaId, object: "replica", state: "unloading" });
    },
  );
}

function bodyOf(worker: WorkerView) {
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
    offered_ram_bytes: worker.load?.offeredRamBytes ?? null,
    availability: worker.availability,
    given_back: worker.givenBack,
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
      gpus: gpuBodies(worker),
    },
    replicas: worker.replicas.map(replicaBody),
  };
}

function presenceBody(day: ComingDay | undefined) {
  if (day === undefined) return null;
  const hours = day.hours.map(({ fromMs, likelihood }) => ({
    at: Math.floor(fromMs / 1000),
    likelihood: Math.round(likelihood * 100) / 100,
  }));
  return { hours_seen: Math.round(day.hoursSeen * 10) / 10, next_hours: hours };
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
    breaker: replica.breaker,
    breaker_reason: replica.breaker === "closed" ? null : (replica.breakerReason ?? null),
    recent_failures: replica.recentFailures,
    progress: replica.state === "loading" || replica.state === "fetching" ? replica.progress : null,
    error: replica.failure?.message ?? null,
    held_back: replica.heldBack ?? null,
  };
}
