import { type GenerateRequest, type GenerateUsage, MusterError } from "@muster/base";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { AnswerEvent, AnswerSource } from "../../core/job.ts";
import { isShortened } from "../error-response.ts";
import type { HttpDeps } from "../http-deps.ts";
import { accounted } from "./accounted.ts";
import type { Asked } from "./asked.ts";
import { gather } from "./gather.ts";
import { HeldStream } from "./held-stream.ts";
import { nameSources } from "./name-sources.ts";
import { requestSalt } from "./request-salt.ts";
import { submitAnswers } from "./submit.ts";
import type { StreamWording, Wording } from "./wording.ts";

export interface Generation extends Asked {
  readonly requests: readonly GenerateRequest[];
  readonly wording: Wording;
}

/** Runs a generation to its end and answers it, streamed or whole; counts it either way. */
export function respond(
  deps: HttpDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  generation: Generation,
): Promise<FastifyReply> {
  const { wording, target, isStreamed, laneClass } = generation;
  const { model } = target;
  const cacheSalt = requestSalt(request);
  const requests = generation.requests.map((each) => ({ ...each, cacheSalt }));
  const asked = { ...generation, requests, params: wording.params };
  return accounted(
    deps,
    request,
    reply,
    { model, endpoint: wording.endpoint, laneClass },
    async ({ controller, account }) => {
      const { signal } = controller;
      const answers = await submitAnswers(deps, asked, { signal, account });
      if (isStreamed) {
        const words = wording.stream();
        return stream({ deps, reply, controller, words, model }, answers);
      }
      const gathered = await Promise.all(answers.map(gather));
      nameSources(
        reply,
        gathered.map(({ source }) => source),
      );
      await reply.send(wording.complete(gathered));
      return undefined;
    },
  );
}

interface Streaming {
  readonly deps: HttpDeps;
  readonly reply: FastifyReply;
  readonly controller: AbortController;
  readonly words: StreamWording;
  readonly model: string;
}

/** Resolves with the failure that ended a stream whose headers had been sent; throws one that came before. */
async function stream(
  { deps, reply, controller, words, model }: Streaming,
  answers: readonly AsyncIterable<AnswerEvent>[],
): Promise<MusterError | undefined> {
  const { id: requestId, trace } = reply.request;
  const held = new HeldStream(deps.clock, reply, () => deps.comingUp(model));
  const onSource = (source: AnswerSource) => {
    if (!held.isOpen && answers.length === 1) nameSources(reply, [source]);
  };
  try {
    const usages = await Promise.all(
      answers.map((answer, choice) => pump({ held, words, onSource }, answer, choice)),
    );
    await held.send(words.finish(usages));
    held.close(words.marker);
    return undefined;
  } catch (error) {
    const failure = MusterError.from(error);
    controller.abort();
    if (!held.isOpen) {
      held.abandon();
      throw failure;
    }
    if (isShortened(failure))
      deps.log.error({ requestId, traceId: trace.traceId, error: failure.stack }, "stream failed");
    await held.fail(words.failure(failure));
    return failure;
  }
}

interface Pump {
  readonly held: HeldStream;
  readonly words: StreamWording;
  readonly onSource: (source: AnswerSource) => void;
}

async function pump(
  { held, words, onSource }: Pump,
  answer: AsyncIterable<AnswerEvent>,
  choice: number,
): Promise<GenerateUsage> {
  let source: AnswerSource | undefined;
  let isOpen = false;
  for await (const event of answer) {
    if (event.kind === "started") {
      source = event.source;
      held.started();
      continue;
    }
    if (!isOpen && source !== undefined) {
      isOpen = true;
      onSource(source);
      await held.send(words.open(choice, source));
    }
    if (event.kind === "delta") await held.send(words.delta(choice, event.delta));
    else {
      await held.send(words.end(choice, event));
      return event.usage;
    }
  }
  throw new MusterError("internal", "An answer ended without an end.");
}
