import { Readable } from "node:stream";
import multipart from "@fastify/multipart";
import { MusterError } from "@muster/base";
import type { FastifyInstance } from "fastify";
import type { HttpDeps } from "../http-deps.ts";
import { noteTo } from "../note.ts";
import { parseBody } from "../parsing/body.ts";
import { drain } from "../slow-bodies.ts";
import { fileBody } from "./file-body.ts";
import { storeUpload } from "./file-upload.ts";
import { pageBody } from "./page-body.ts";
import { fileListSchema } from "./schema/files.ts";

type WithId = { readonly Params: { readonly id: string } };

/** /v1/files: what goes into batches and what comes out of them. */
export function filesRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const { files } = deps.batches;
  const note = noteTo(deps.audit);
  // In a scope of its own: forms are taken nowhere else.
  void app.register((scope, _options, done) => {
    void scope.register(multipart);
    uploadRoute(scope, deps);
    done();
  });

  app.get("/v1/files", { config: { scope: "batch" } }, async ({ tenant, query }) => {
    const { after, limit, order, purpose } = parseBody(fileListSchema, query);
    const { files: found, hasMore } = await files.list(tenant, { after, limit, order, purpose });
    return pageBody(found.map(fileBody), hasMore);
  });

  app.get<WithId>("/v1/files/:id", { config: { scope: "batch" } }, async ({ tenant, params }) =>
    fileBody(await files.get(tenant, params.id)),
  );

  // A HEAD would read the whole file for its length, which the file object has.
  app.get<WithId>(
    "/v1/files/:id/content",
    { exposeHeadRoute: false, config: { scope: "batch" } },
    async (request, reply) => {
      const { tenant, params } = request;
      const { id, bytes, filename } = await files.get(tenant, params.id);
      note(request, "file.read", id);
      reply.header("content-type", "application/octet-stream");
      reply.header("content-length", bytes);
      reply.header("content-disposition", `attachment; filename*=UTF-8''${headerText(filename)}`);
      return reply.send(Readable.from(files.content(tenant, id), { objectMode: false }));
    },
  );

  app.delete<WithId>("/v1/files/:id", { config: { scope: "batch" } }, async (request) => {
    const { tenant, params } = request;
    const { id } = params;
    await files.remove(tenant, id);
    note(request, "file.remove", id);
    return { id, object: "file", deleted: true };
  });
}

function uploadRoute(scope: FastifyInstance, { batches, clock, audit }: HttpDeps): void {
  const { files, limits } = batches;
  const { maxFileBytes } = limits;
  // What is neither a form nor JSON reaches the route, which says what it takes.
  scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
  scope.post("/v1/files", { config: { isUpload: true, scope: "batch" } }, async (request) => {
    try {
      const file = await storeUpload(request, { files, maxFileBytes });
      noteTo(audit)(request, "file.create", file.id, { bytes: file.bytes, purpose: file.purpose });
      return fileBody(file);
    } catch (error) {
      drain(request.raw, clock);
      throw MusterError.from(error);
    }
  });
}

/** RFC 8187. */
function headerText(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
