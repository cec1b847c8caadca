import { MusterError } from "@muster/base";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { WorkerView } from "../../core/fleet/worker.ts";
import type { MirrorFetch, MirrorStatus } from "../../flows/mirror.ts";
import type { MirrorDesk, PullOrder } from "../../flows/mirror-desk.ts";
import { errorBody } from "../error-response.ts";
import type { HttpDeps } from "../http-deps.ts";
import { noteTo, withoutSecrets } from "../note.ts";
import { parseBody } from "../parsing/body.ts";
import { drain } from "../slow-bodies.ts";

const modelName = z.string().min(1).max(2_048);
const pullSchema = z.strictObject({
  /** A model by name, or by URI: `hf:owner/repo/file.gguf`. */
  model: modelName,
  /** Onto all workers that could run it as well. */
  workers: z.boolean().default(false),
});
const pinSchema = z.strictObject({ model: modelName, pinned: z.boolean() });
const removeSchema = z.strictObject({ workers: z.enum(["true", "false"]).default("false") });
const importSchema = z.strictObject({
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** For senders that stream, and cannot say it in the header. */
  bytes: z.coerce.number().int().positive().optional(),
});

/** /cluster/v1/mirror: the model files that this orchestrator keeps, and those on the workers. */
export function mirrorRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const { fleet } = deps;
  const note = noteTo(deps.audit);
  const desk = (): MirrorDesk => {
    if (deps.mirror.desk !== undefined) return deps.mirror.desk;
    throw new MusterError(
      "not_found",
      "This orchestrator has no mirror: it was started with MUSTER_MIRROR=off.",
    );
  };

  app.get("/cluster/v1/mirror", { config: { scope: "read" } }, async () =>
    statusBody(await desk().status(), fleet.workers()),
  );

  app.post("/cluster/v1/mirror/pull", { config: { scope: "admin" } }, (request, reply) => {
    const { model, workers } = parseBody(pullSchema, request.body);
    const order = desk().pull(model, { toWorkers: workers });
    note(request, "mirror.pull", withoutSecrets(order.uri), { workers });
    return reply.status(202).send(orderBody(order));
  });

  app.post("/cluster/v1/mirror/pin", { config: { scope: "admin" } }, async (request) => {
    const { model, pinned } = parseBody(pinSchema, request.body);
    const files = await desk().setPinned(model, pinned);
    note(request, "mirror.pin", withoutSecrets(model), { pinned });
    return { object: "mirror_pin", files, pinned };
  });

  app.delete<{ Params: { model: string } }>(
    "/cluster/v1/mirror/models/:model",
    { config: { scope: "admin" } },
    async (request) => {
      const { workers } = parseBody(removeSchema, request.query);
      const removed = await desk().remove(request.params.model, { fromWorkers: workers === "true" });
      note(request, "mirror.remove", withoutSecrets(removed.uri), {
        workers: workers === "true",
      });
      return { ...orderBody(removed), deleted: true };
    },
  );

  // In a scope of its own: bodies that are neither JSON nor a form are taken nowhere else.
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, parsed) => parsed(null, payload));
    importRoute(scope, { desk, deps });
    done();
  });
}

function importRoute(
  scope: FastifyInstance,
  { desk, deps }: { readonly desk: () => MirrorDesk; readonly deps: HttpDeps },
): void {
  const { maxFileBytes } = deps.mirror;
  scope.put<{ Params: { name: string } }>(
    "/cluster/v1/mirror/files/:name",
    { config: { isUpload: true, scope: "admin" }, bodyLimit: Number.MAX_SAFE_INTEGER },
    async (request, reply) => {
      const gone = new AbortController();
      request.raw.once("close", () => {
        if (!request.raw.complete) gone.abort(new MusterError("cancelled", "The upload was broken off."));
      });
      try {
        const { sha256, ...query } = parseBody(importSchema, request.query);
        const bytes = lengthOf(query.bytes ?? Number(request.headers["content-length"]), maxFileBytes);
        const taken = await desk().receive(request.raw, {
          name: request.params.name,
          expected: { sha256, bytes },
          signal: gone.signal,
        });
        noteTo(deps.audit)(request, "mirror.import", taken.uri, {
          bytes: taken.bytes,
          sha256: taken.sha256 ?? "unknown",
        });
        return reply.status(201).send({
          ...{ object: "mirror_file", uri: taken.uri, bytes: taken.bytes, sha256: taken.sha256 },
        });
      } catch (error) {
        drain(request.raw, deps.clock);
        throw gone.signal.aborted ? gone.signal.reason : error;
      }
    },
  );
}

/** The room for a file is made before it comes. */
function lengthOf(bytes: number, maxBytes: number): number {
  if (!Number.isSafeInteger(bytes) || bytes < 1)
    throw new MusterError(
      "invalid_request",
      "Send the file as the body, with its content-length or ?bytes=.",
    );
  if (bytes <= maxBytes) return bytes;
  throw new MusterError(
    "request_too_large",
    `The file has ${bytes} bytes; up to ${maxBytes} are taken (MUSTER_IMPORT_MAX_BYTES).`,
  );
}

function statusBody({ files, fetching, space }: MirrorStatus, workers: readonly WorkerView[]) {
  return {
    object: "mirror",
    files: files
      .map(({ source, bytes, sha256, lastUsedMs, isPinned, isHeld }) => ({
        ...{ uri: source, bytes, sha256, pinned: isPinned, in_use: isHeld },
        last_used_at: Math.floor(lastUsedMs / 1000),
      }))
      .sort((a, b) => (a.uri < b.uri ? -1 : 1)),
    fetching: fetching.map(fetchBody),
    used_bytes: space.usedBytes,
    budget_bytes: space.budgetBytes ?? null,
    free_disk_bytes: space.freeDiskBytes,
    workers: workers.filter(({ state }) => state !== "lost").map(workerDiskBody),
  };
}

function fetchBody({ uri, doneBytes, totalBytes, error }: MirrorFetch) {
  return {
    ...{ uri, done_bytes: doneBytes, total_bytes: totalBytes ?? null },
    error: error === undefined ? null : errorBody(error).error.message,
  };
}

/** Null: the worker has said nothing of its disk. */
function workerDiskBody({ id, name, inventory }: WorkerView) {
  if (inventory === undefined) return { id, name, files: null };
  return {
    ...{ id, name },
    files: inventory.models.map(({ uri, bytes, sha256, lastUsedMs }) => ({
      ...{ uri, bytes, sha256: sha256 ?? null },
      last_used_at: lastUsedMs === undefined ? null : Math.floor(lastUsedMs / 1000),
    })),
    fetching: (inventory.fetching ?? []).map(({ uri, doneBytes, totalBytes, problem }) => ({
      ...{ uri, done_bytes: doneBytes, total_bytes: totalBytes ?? null, error: problem ?? null },
    })),
    free_disk_bytes: inventory.freeDiskBytes,
    budget_bytes: inventory.budgetBytes ?? null,
  };
}

function orderBody({ uri, files, workers }: PullOrder) {
  return { object: "mirror_order", uri, files, workers };
}
