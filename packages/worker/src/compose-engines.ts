import type { Log } from "@muster/base";
import type { ModelStore } from "@muster/models";
import { formatModelUri, parseModelUri } from "@muster/models";
import { gpuEnvironment } from "./adapters/common/child-environment.ts";
import { hostEnvironment } from "./adapters/common/config.ts";
import type { EngineChildren } from "./adapters/common/engine-children.ts";
import type { PackageEntries } from "./adapters/common/engine-packages/entries.ts";
import { createLlamaServerEngine } from "./adapters/llama-server/engine.ts";
import { createNodeLlamaCppEngine } from "./adapters/node-llama-cpp/engine.ts";
import { createOpenaiUpstreamEngine, firstUpstreamModel } from "./adapters/openai-upstream/engine.ts";
import { createStubEngine } from "./adapters/stub/engine.ts";
import { defaultEngineDirectory } from "./compose-engine-build.ts";
import type { ModelOffer, WorkerConfig } from "./config.ts";
import type { Engine } from "./ports/engine.ts";

interface EngineDeps {
  readonly log: Log;
  readonly store: ModelStore;
  /** Of the default engine: what was fetched for this machine. */
  readonly packages: PackageEntries;
  readonly children: EngineChildren;
  /** What the hardware probe has found that the engine computes on. */
  readonly backend?: string | undefined;
}

const never = new AbortController().signal;

/** The engine that `config` chooses for model files; what an upstream serves is left to the upstream in any case. */
export function createEngine(config: WorkerConfig, deps: EngineDeps): Engine {
  const files = createFileEngine(config, deps);
  const upstream = createOpenaiUpstreamEngine({
    log: deps.log,
    key: config.upstreamKey,
    capabilities: config.capabilities,
    silenceMs: config.upstreamSilenceMs,
  });
  return {
    name: files.name,
    load: (spec, options) => (spec.modelPath.startsWith("openai:") ? upstream : files).load(spec, options),
  };
}

function createFileEngine(
  config: WorkerConfig,
  { log, store, packages, children, backend }: EngineDeps,
): Engine {
  const chosen = gpuEnvironment(config.gpus);
  switch (config.engine) {
    case "stub":
      return createStubEngine({
        tokensPerSecond: config.stubTokensPerSecond,
        firstTokenMs: config.stubFirstTokenMs,
        vramBytes: config.stubVramBytes,
      });
    case "node-llama-cpp":
      return createNodeLlamaCppEngine({
        log,
        packages,
        children,
        env: { ...hostEnvironment, ...chosen },
        engineDirectory: defaultEngineDirectory(config.env),
        nice: config.nice,
        sandbox: {
          mode: config.sandbox,
          probeModel: async () =>
            (await store.ensure("builtin:tiny-gemma", { signal: never, onProgress: () => {} })).path,
          backend: config.gpu === "off" ? undefined : backend,
        },
      });
    case "llama-server":
      return createLlamaServerEngine({
        log,
        program: config.llamaServer,
        mmproj: config.mmproj,
        draft: config.draft,
        extraArgs: config.engineArgs,
        capabilities: config.capabilities,
        silenceMs: config.upstreamSilenceMs,
        env: { ...config.env, ...chosen },
        children,
        nice: config.nice,
        fetchFile: async (uri, signal) => (await store.ensure(uri, { signal, onProgress: () => {} })).path,
      });
    default:
      return config.engine satisfies never;
  }
}

/**
 * An upstream's model that was not named: its first one, by name. It is asked now, since a worker tells what it serves
 * before it has loaded it. Throws MusterError `model_load_failed`.
 */
export async function nameUpstreamModel(offer: ModelOffer, config: WorkerConfig): Promise<ModelOffer> {
  const uri = parseModelUri(offer.uri);
  if (uri.kind !== "openai" || uri.model !== undefined) return offer;
  const signal = AbortSignal.timeout(config.upstreamSilenceMs);
  const model = await firstUpstreamModel(offer.uri, { key: config.upstreamKey, signal });
  return { ...offer, uri: formatModelUri({ ...uri, model }) };
}
