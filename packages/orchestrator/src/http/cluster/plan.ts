import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { FitAnswer } from "../../core/placement/explain-fit.ts";
import type { ModelReport } from "../../core/placement/plan-report.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";

const planSchema = z.object({ model: z.string().min(1).max(256).optional() });

/** GET /cluster/v1/models/plan: where models would fit, on machines with nothing else loaded, and why not elsewhere. */
export function planRoute(app: FastifyInstance, deps: HttpDeps): void {
  app.get("/cluster/v1/models/plan", { config: { scope: "read" } }, (request) => {
    const query = parseBody(planSchema, request.query);
    const wanted = query.model === undefined ? undefined : deps.models.catalogue.require(query.model).id;
    const reports = deps.placement.report().filter(({ model }) => wanted === undefined || model === wanted);
    return { object: "list", data: reports.map(planBody), has_more: false };
  });
}

function planBody({ model, workers }: ModelReport) {
  const fits = workers.flatMap(({ name, isOpen, fit }) =>
    fit.kind === "fits" ? [{ worker: name, isOpen, fit }] : [],
  );
  const fastest = Math.max(0, ...fits.map(({ fit }) => fit.tokensPerSecond));
  return {
    model,
    fits: fits.map(({ worker, isOpen, fit }) => fitBody(worker, isOpen, fit)),
    why_not: workers.flatMap(({ name, fit }) =>
      fit.kind === "none" ? [{ worker: name, reason: fit.reason }] : [],
    ),
    expected_decode_tokens_per_second: fastest === 0 ? null : Math.round(fastest * 10) / 10,
  };
}

function fitBody(worker: string, isOpen: boolean, { shape, loadMs }: Extract<FitAnswer, { kind: "fits" }>) {
  const { variant, device, slots, contextTokens } = shape;
  return {
    worker,
    variant: variant.id,
    device,
    slots,
    context_tokens: contextTokens,
    reason: isOpen ? `ready after about ${Math.ceil(loadMs / 1000)} s` : "it takes no orders now",
  };
}
