import { MusterError } from "@muster/base";
import type { FastifyRequest } from "fastify";
import { mayDo, type Principal } from "../../core/access/principal.ts";
import { hasKey, identify } from "../auth.ts";
import type { HttpDeps } from "../http-deps.ts";

type TextPageDeps = Pick<HttpDeps, "fleet" | "served" | "keyRing" | "sessions">;

/** What a program reads at `/`: that this is Muster, and for those who may read, what it has. */
export async function textPage(request: FastifyRequest, deps: TextPageDeps): Promise<string> {
  const principal = await holder(request, deps);
  return [
    "Muster is running. In a browser, this address shows the dashboard.",
    "",
    ...(principal !== undefined && mayDo(principal, "read") ? counts(deps) : []),
    "  OpenAI API    POST /v1/chat/completions   POST /v1/responses   POST /v1/completions   GET /v1/models",
    "                POST /v1/embeddings   POST /v1/rerank   POST /v1/tokenize   POST /v1/files   POST /v1/batches",
    "  Anthropic API POST /v1/messages",
    "  cluster API   GET /cluster/v1/workers",
    "  probes        GET /healthz   GET /readyz   GET /metrics",
    "",
  ].join("\n");
}

function counts({ fleet, served }: TextPageDeps): string[] {
  const models = served.list();
  const workers = fleet.workers().filter((worker) => worker.state !== "lost");
  const hint = workers.length === 0 ? "  (start one: muster worker --join <this host>)" : "";
  return [`  workers  ${workers.length}${hint}`, `  models   ${models.join(", ") || "none yet"}`, ""];
}

/** Nobody needs a key here; a wrong one is told all the same, as everywhere. */
async function holder(request: FastifyRequest, deps: TextPageDeps): Promise<Principal | undefined> {
  try {
    return await identify(request, deps);
  } catch (error) {
    if (hasKey(request.headers) || !(error instanceof MusterError)) throw error;
    return undefined;
  }
}
