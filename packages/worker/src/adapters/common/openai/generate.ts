import { type GenerateRequest, type GenerateTimings, type InferenceEvent, MusterError } from "@muster/base";
import { callHttp } from "../http-call.ts";
import { asFields, parseJson } from "../json-fields.ts";
import { readServerSentEvents } from "../sse-reader.ts";
import { makeCallId } from "../tool-call-id.ts";
import { createChunkReader } from "./chunk-reader.ts";
import { errorInside, refusalOf } from "./errors.ts";
import { toUpstreamRequest } from "./generate-body.ts";
import type { Upstream } from "./upstream.ts";

/** Streams one answer. Throws MusterError and HttpFailure. */
export async function* generate(
  upstream: Upstream,
  request: GenerateRequest,
  { signal, mayShare }: { readonly signal: AbortSignal; readonly mayShare: boolean },
): AsyncGenerator<InferenceEvent, void> {
  const { api, silenceMs } = upstream;
  const stopwatch = createStopwatch(() => api.clock.nowMs());
  const { path, body } = toUpstreamRequest(request, upstream, mayShare);
  const reply = await callHttp(api, { method: "POST", path, body, signal, silenceMs });
  if (reply.status !== 200) throw await refusalOf(reply, upstream);
  const reader = createChunkReader({ topLogprobs: request.topLogprobs, newCallId: makeCallId });
  for await (const data of readServerSentEvents(reply.body)) {
    if (data === "[DONE]") break;
    const chunk = asFields(parseJson(data));
    if (chunk === undefined)
      throw new MusterError("engine_failed", `${upstream.name} sent an event that is no JSON.`);
    const error = errorInside(upstream, chunk);
    if (error !== undefined) throw error;
    for (const delta of reader.read(chunk)) {
      stopwatch.tick();
      yield delta;
    }
  }
  if (!reader.hasEnded) {
    throw new MusterError("engine_crashed", `The answer of ${upstream.name} broke off before its end.`);
  }
  const { deltas, ...end } = reader.finish(stopwatch.timings());
  yield* deltas;
  yield { kind: "end", ...end };
}

/** Times of an answer as they look from here. */
function createStopwatch(nowMs: () => number) {
  const startMs = nowMs();
  let firstMs: number | undefined;
  let lastMs = startMs;
  return {
    tick() {
      lastMs = nowMs();
      firstMs ??= lastMs;
    },
    timings: (): GenerateTimings => ({
      prefillMs: (firstMs ?? nowMs()) - startMs,
      decodeMs: firstMs === undefined ? 0 : lastMs - firstMs,
    }),
  };
}
