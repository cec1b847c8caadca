import { type InferenceEvent, type InferenceRequest, type ManualClock, silentLog } from "@muster/base";
import { onTestFinished } from "vitest";
import type { EngineReplica } from "../../ports/engine.ts";
import { createOpenaiUpstreamEngine, type OpenaiUpstreamOptions } from "./engine.ts";
import { models, type Route, type ScriptedServer, startScriptedServer } from "./scripted-server.fake.ts";

export const neverAborts: AbortSignal = new AbortController().signal;
export const vllm = models({ id: "m", owned_by: "vllm", max_model_len: 4096 });

export function load(
  address: string,
  options: Partial<OpenaiUpstreamOptions> = {},
  signal: AbortSignal = neverAborts,
): Promise<EngineReplica> {
  const spec = { slots: 2, contextTokens: undefined, threads: undefined, gpu: "auto" } as const;
  return createOpenaiUpstreamEngine({ log: silentLog, ...options })
    .load({ modelPath: `openai:${address}`, ...spec }, { signal, onProgress: () => {} })
    .then((replica) => {
      onTestFinished(() => replica.close());
      return replica;
    });
}

export async function serve(
  routes: Readonly<Record<string, Route>>,
  options: Partial<OpenaiUpstreamOptions> = {},
): Promise<{ readonly server: ScriptedServer; readonly replica: EngineReplica }> {
  const server = await startScriptedServer({ "/v1/models": vllm, ...routes });
  return { server, replica: await load(server.baseUrl, options) };
}

export async function eventsOf(replica: EngineReplica, request: InferenceRequest): Promise<InferenceEvent[]> {
  const events: InferenceEvent[] = [];
  for await (const each of replica.infer(request, neverAborts)) events.push(each);
  return events;
}

/**
 * Moves a clock on until a promise has settled: what it waits for begins at a moment that only sockets know. A step for
 * each turn of the event loop, small enough that an answer of this machine never seems slow.
 */
export async function whileAdvancing<T>(clock: ManualClock, task: Promise<T>): Promise<T> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  task.then(settle, settle);
  while (!isSettled) {
    clock.advance(20);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return await task;
}
