import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import type { Principal } from "../../core/access/principal.ts";
import type { BatchPayer } from "../../core/batches/batch.ts";
import type { BatchAsked, Batches } from "../../ports/batches.ts";
import { abortOnDisconnect } from "../answering/accounted.ts";
import type { HttpDeps } from "../http-deps.ts";
import { noteTo } from "../note.ts";
import { parseBody } from "../parsing/body.ts";
import { batchBody, planBody } from "./batch-body.ts";
import { pageBody } from "./page-body.ts";
import { batchCreateSchema, batchListSchema, batchPlanSchema, batchResultsSchema } from "./schema/batches.ts";

type WithId = { readonly Params: { readonly id: string } };

/** Of one answer with results: a long one is fetched in several. */
const maxResultBytes = 4 * 1024 * 1024;

/** /v1/batches: OpenAI's, and what goes beyond it (pause, resume, plan, results as they come). */
export function batchesRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const batches = deps.batches.desk;
  const note = noteTo(deps.audit);
  app.post("/v1/batches", { config: { scope: "batch" } }, async (request) => {
    const { tenant, principal } = request;
    const { models } = principal;
    const asked = parseBody(batchCreateSchema, request.body);
    if (asked.muster?.dry_run === true) {
      const { input_file_id: inputFileId, endpoint } = asked;
      return planBody(await batches.plan(tenant, { inputFileId, endpoint, models }));
    }
    const created = await batches.create({
      ...batchAsked({ tenant, models }, asked),
      payer: payerOf(principal),
    });
    const { id, endpoint, inputFileId } = created.record;
    note(request, "batch.create", id, { endpoint, input_file_id: inputFileId });
    return batchBody(created);
  });

  app.post(
    "/v1/batches/plan",
    { config: { scope: "batch" } },
    async ({ tenant, principal: { models }, body }) => {
      const { input_file_id: inputFileId, endpoint } = parseBody(batchPlanSchema, body);
      return planBody(await batches.plan(tenant, { inputFileId, endpoint, models }));
    },
  );

  app.get("/v1/batches", { config: { scope: "batch" } }, async ({ tenant, query }) => {
    const { after, limit } = parseBody(batchListSchema, query);
    const { views, hasMore } = await batches.list(tenant, { after, limit });
    return pageBody(views.map(batchBody), hasMore);
  });

  app.get<WithId>("/v1/batches/:id", { config: { scope: "batch" } }, async ({ tenant, params }) =>
    batchBody(await batches.view(tenant, params.id)),
  );

  for (const deed of ["cancel", "pause", "resume"] as const)
    app.post<WithId>(`/v1/batches/:id/${deed}`, { config: { scope: "batch" } }, async (request) => {
      const { tenant, params } = request;
      const batch = await batches[deed](tenant, params.id);
      if (deed === "cancel") note(request, "batch.cancel", params.id);
      return batchBody(batch);
    });

  resultsRoute(app, batches);
}

/** Lines as they are committed, from a cursor on; waits for some, so that nobody has to ask all the time. */
function resultsRoute(app: FastifyInstance, batches: Batches): void {
  app.get<WithId>(
    "/v1/batches/:id/results",
    { exposeHeadRoute: false, config: { scope: "batch" } },
    async (request, reply) => {
      const { after: cursor, wait } = parseBody(batchResultsSchema, request.query);
      const { signal } = abortOnDisconnect(request.raw, reply.raw);
      const page = { cursor, maxBytes: maxResultBytes, waitMs: wait * 1000, signal };
      const found = await batches.results(request.tenant, request.params.id, page);
      reply.header("content-type", "application/jsonl");
      reply.header("x-muster-cursor", found.cursor);
      reply.header("x-muster-batch-status", found.state);
      return reply.send(Buffer.concat(found.lines.flatMap((line) => [line, lineFeed])));
    },
  );
}

function payerOf({ keyId, keyName, limits: { batchLines, tokensPerMonth, weight } }: Principal): BatchPayer {
  return { keyId, keyName, limits: { batchLines, tokensPerMonth, weight } };
}

const lineFeed = Buffer.from("\n");

function batchAsked(
  by: Pick<BatchAsked, "tenant" | "models">,
  asked: z.infer<typeof batchCreateSchema>,
): BatchAsked {
  const { muster, metadata, output_expires_after: outputExpiresAfter } = asked;
  return {
    ...by,
    inputFileId: asked.input_file_id,
    endpoint: asked.endpoint,
    completionWindow: asked.completion_window,
    metadata: metadata ?? undefined,
    outputExpiresAfterMs: outputExpiresAfter ? outputExpiresAfter.seconds * 1000 : undefined,
    options: {
      priority: muster?.priority ?? "normal",
      provenance: muster?.provenance ?? false,
      resultCache: muster?.result_cache ?? false,
      webhookUrl: muster?.webhook_url ?? undefined,
    },
  };
}
