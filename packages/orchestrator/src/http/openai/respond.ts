import { type EndReason, type GenerateRequest, type GenerateUsage, MusterError } from "@muster/base";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { AnswerEvent, AnswerSource } from "../../core/job.ts";
import type { LaneClass } from "../../core/lane.ts";
import { errorBody } from "../error-response.ts";
import type { HttpDeps } from "../http-deps.ts";
import { EventStream } from "../sse.ts";
import {
  abortOnDisconnect,
  type GatheredAnswer,
  gather,
  outcomeOf,
  requireModel,
  submitAnswers,
  usageBody,
} from "./answer.ts";

/**
 * A streamed request that still waits for a slot after this time gets its headers: clients and proxies give up on
 * silence. Until then a failure is a proper HTTP error.
 */
const holdHeadersMs = 20_000;

export type Usage = ReturnType<typeof usageBody>;

/** How one endpoint words what came out. */
export interface Wording {
  readonly endpoint: string;
  /** The whole answer. */
  complete(answers: readonly GatheredAnswer[], usage: Usage): unknown;
  /** The chunk that a choice opens with, if it has one. */
  opening?(choice: number, source: AnswerSource): unknown;
  piece(choice: number, text: string, source: AnswerSource): unknown;
  closing(choice: number, reason: EndReason, source: AnswerSource): unknown;
  /** The last chunk, where usage was asked for. */
  usage(usage: Usage): unknown;
}

interface SharedFields {
  readonly model: string;
  readonly n?: number | null | undefined;
  readonly stream?: boolean | null | undefined;
  readonly stream_options?: { readonly include_usage?: boolean | null | undefined } | null | undefined;
  readonly service_tier?: string | null | undefined;
}

export interface Generation {
  readonly requestId: string;
  readonly model: string;
  readonly laneClass: LaneClass;
  readonly generations: readonly GenerateRequest[];
  readonly choicesPerPrompt: number;
  readonly isStreamed: boolean;
  readonly includeUsage: boolean;
  readonly wording: Wording;
}

/** OpenAI's service tier decides the lane: `flex` is work that can wait. */
function laneClassOf(serviceTier: string | null | undefined): LaneClass {
  return serviceTier === "flex" ? "batch" : "interactive";
}

/** What the fields that both endpoints share ask for: `n` choices of each prompt, each with a seed of its own. */
export function generationOf(asked: {
  readonly requestId: string;
  readonly body: SharedFields;
  readonly prompts: readonly GenerateRequest[];
  readonly wording: Wording;
}): Generation {
  const { requestId, body, prompts, wording } = asked;
  const choicesPerPrompt = body.n ?? 1;
  return {
    requestId,
    model: body.model,
    laneClass: laneClassOf(body.service_tier),
    generations: prompts.flatMap((prompt) =>
      Array.from({ length: choicesPerPrompt }, (_none, choice) => ({
        ...prompt,
        sampling: { ...prompt.sampling, seed: (prompt.sampling.seed + choice) >>> 0 },
      })),
    ),
    choicesPerPrompt,
    isStreamed: body.stream === true,
    includeUsage: body.stream_options?.include_usage === true,
    wording,
  };
}

/** Runs a request to its end and answers it, streamed or whole; counts it either way. */
export async function respond(
  deps: HttpDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  generation: Generation,
): Promise<FastifyReply> {
  const { model, wording } = generation;
  requireModel(deps, model);
  const startedAtMs = deps.clock.nowMs();
  const controller = abortOnDisconnect(request.raw, reply.raw);
  let failure: MusterError | undefined;
  try {
    const answers = await submitAnswers(deps, { ...generation, signal: controller.signal });
    if (generation.isStreamed) failure = await stream(deps, reply, generation, answers, controller);
    else await whole(reply, generation, answers);
    return reply;
  } catch (error) {
    failure = MusterError.from(error);
    throw failure;
  } finally {
    // Choices that still run have nobody to read them once one has failed.
    if (failure !== undefined) controller.abort();
    const durationMs = deps.clock.nowMs() - startedAtMs;
    deps.metrics.requestEnded({ model, endpoint: wording.endpoint, outcome: outcomeOf(failure), durationMs });
  }
}

async function whole(
  reply: FastifyReply,
  { wording, choicesPerPrompt }: Generation,
  answers: readonly AsyncIterable<AnswerEvent>[],
): Promise<void> {
  const gathered = await Promise.all(answers.map(gather));
  const workers = [...new Set(gathered.map(({ source }) => source.workerName))];
  const attempts = gathered.reduce((most, { source }) => Math.max(most, source.epoch), 1);
  reply.header("x-muster-worker", workers.map(headerSafe).join(", "));
  reply.header("x-muster-attempts", String(attempts));
  const usage = usageBody(
    gathered.map((answer) => answer.usage),
    choicesPerPrompt,
  );
  await reply.send(wording.complete(gathered, usage));
}

/** Resolves with the failure that ended a stream whose headers had been sent; throws one that came before. */
async function stream(
  deps: HttpDeps,
  reply: FastifyReply,
  generation: Generation,
  answers: readonly AsyncIterable<AnswerEvent>[],
  controller: AbortController,
): Promise<MusterError | undefined> {
  const { wording, includeUsage, choicesPerPrompt } = generation;
  const iterators = answers.map((answer) => answer[Symbol.asyncIterator]());
  const firsts = iterators.map((iterator) => iterator.next());
  // Looked at below, one by one; a failure of a later one must not count as unhandled until then.
  for (const first of firsts) first.catch(() => {});
  await untilStartedOrLate(deps, firsts);

  const events = new EventStream(reply.raw);
  reply.hijack();
  events.open(plainHeaders(reply));
  try {
    const usages = await Promise.all(
      iterators.map((iterator, choice) => pump(events, wording, { iterator, choice, first: firsts[choice] })),
    );
    if (includeUsage) await events.send(wording.usage(usageBody(usages, choicesPerPrompt)));
    events.close();
    return undefined;
  } catch (error) {
    const failure = MusterError.from(error);
    controller.abort();
    events.fail(errorBody(failure));
    if (failure.code === "internal") deps.log.error({ error: failure.stack }, "stream failed");
    return failure;
  }
}

interface ChoicePump {
  readonly iterator: AsyncIterator<AnswerEvent>;
  readonly choice: number;
  readonly first: Promise<IteratorResult<AnswerEvent>> | undefined;
}

async function pump(events: EventStream, wording: Wording, of: ChoicePump): Promise<GenerateUsage> {
  const { iterator, choice } = of;
  let source: AnswerSource | undefined;
  for (let next = await (of.first ?? iterator.next()); !next.done; next = await iterator.next()) {
    const event = next.value;
    switch (event.kind) {
      case "started":
        if (source === undefined && wording.opening !== undefined) {
          await events.send(wording.opening(choice, event.source));
        }
        source = event.source;
        break;
      case "delta":
        if (source !== undefined && event.delta.kind === "text")
          await events.send(wording.piece(choice, event.delta.text, source));
        break;
      case "end":
        await events.send(wording.closing(choice, event.reason, event.source));
        return event.usage;
      default:
        event satisfies never;
    }
  }
  throw new MusterError("internal", "An answer ended without an end.");
}

async function untilStartedOrLate(
  deps: HttpDeps,
  firsts: readonly Promise<IteratorResult<AnswerEvent>>[],
): Promise<void> {
  let stopTimer = () => {};
  const late = new Promise<void>((resolve) => {
    stopTimer = deps.clock.after(holdHeadersMs, resolve);
  });
  try {
    await Promise.race([Promise.all(firsts), late]);
  } finally {
    stopTimer();
  }
}

/** Headers that hooks have set; once hijacked, Fastify sends none by itself. */
function plainHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}

/** Names come from people's machines: a header holds visible ASCII only. */
function headerSafe(text: string): string {
  return text.replace(/[^\x21-\x7e]+/g, "_");
}
