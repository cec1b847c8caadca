import type { FastifyReply } from "fastify";
import type { LaneClass } from "../../core/lane.ts";
import type { CollectedPart, LinePart } from "../../ports/line-endpoint.ts";
import type { HttpDeps } from "../http-deps.ts";
import type { Answering } from "./accounted.ts";
import { collect } from "./collect.ts";
import { nameSources } from "./name-sources.ts";
import { submitAnswers } from "./submit.ts";
import type { Target } from "./target.ts";

/** Runs every part of a request that is no generation, and gives their states in order. */
export async function collectParts<State>(
  { deps, reply, controller, account }: Answering & { readonly deps: HttpDeps; readonly reply: FastifyReply },
  asked: { readonly requestId: string; readonly target: Target; readonly laneClass: LaneClass },
  parts: readonly LinePart<State>[],
): Promise<readonly CollectedPart<State>[]> {
  const requests = parts.map(({ request }) => request);
  const answers = await submitAnswers(
    deps,
    { ...asked, requests, isStreamed: false },
    { signal: controller.signal, account },
  );
  const collected = await Promise.all(
    parts.map(({ begin, add }, index) => collect(answers[index] ?? nothing(), begin, add)),
  );
  nameSources(
    reply,
    collected.map(({ end }) => end.source),
  );
  return collected;
}

async function* nothing(): AsyncIterable<never> {}
