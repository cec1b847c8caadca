import {
  type Capability,
  type Clock,
  isLoopbackHost,
  type Log,
  MusterError,
  systemClock,
} from "@muster/base";
import { parseModelUri } from "@muster/models";
import { type CapabilityChange, changeCapabilities } from "../../core/capability-change.ts";
import type { Engine, EngineLoadSpec } from "../../ports/engine.ts";
import { HttpFailure, type HttpTarget } from "../common/http-call.ts";
import { UpstreamReplica } from "../common/openai/replica.ts";
import { defaultSilenceMs, type Upstream } from "../common/openai/upstream.ts";
import { findModel } from "./find-model.ts";
import { probe } from "./probe.ts";
import { watchUpstream } from "./watch.ts";

export interface OpenaiUpstreamOptions {
  readonly log: Log;
  readonly clock?: Clock;
  /** Sent to the upstream as a bearer token. */
  readonly key?: string | undefined;
  /** What the owner knows better than the probe. */
  readonly capabilities?: CapabilityChange | undefined;
  /** How long a working upstream may send nothing; undefined: 300 seconds. */
  readonly silenceMs?: number | undefined;
}

const probeSilenceMs = 10_000;
const defaultContextTokens = 8192;
const keyAdvice = "Set MUSTER_UPSTREAM_KEY to a key that it takes.";

/** Lends the model of an OpenAI-compatible server that runs already: Ollama, vLLM, LM Studio, llama-server, Muster. */
export function createOpenaiUpstreamEngine(options: OpenaiUpstreamOptions): Engine {
  const clock = options.clock ?? systemClock;
  return {
    name: "openai",
    async load(spec, { signal, onProgress }) {
      if (signal.aborted) throw loadCancelled(spec);
      const startMs = clock.nowMs();
      const { api, root, wanted } = readAddress(spec.modelPath, { key: options.key, clock });
      const log = options.log.child({ upstream: api.baseUrl });
      warnOfOpenKey(api, log);
      try {
        const asking = { signal, silenceMs: probeSilenceMs, keyAdvice };
        const model = await findModel(api, wanted, asking);
        const probed = await probe(model, { ...asking, root });
        onProgress(1);
        const capabilities = changeCapabilities(probed.capabilities, options.capabilities);
        const contextTokens = spec.contextTokens ?? probed.contextTokens ?? defaultContextTokens;
        log.info({ model: model.id, kind: probed.kind, contextTokens, capabilities }, "upstream found");
        const upstream: Upstream = {
          kind: probed.kind,
          name: `The upstream ${api.baseUrl}`,
          api,
          root,
          model: model.id,
          keyAdvice,
          silenceMs: options.silenceMs ?? defaultSilenceMs,
          scores: probed.kind === "llama-server" ? "logit" : "probability",
        };
        return new UpstreamReplica(
          infoOf(spec, { kind: probed.kind, capabilities, contextTokens, loadMs: clock.nowMs() - startMs }),
          upstream,
          watchUpstream(api, { clock, log }),
        );
      } catch (error) {
        if (signal.aborted) throw loadCancelled(spec);
        throw loadFailed(api, error);
      }
    },
  };
}

/** The name of the upstream's first model. Throws MusterError `model_load_failed`. */
export async function firstUpstreamModel(
  uri: string,
  options: { readonly key: string | undefined; readonly signal: AbortSignal },
): Promise<string> {
  const { api } = readAddress(uri, { key: options.key, clock: systemClock });
  try {
    const asking = { signal: options.signal, silenceMs: probeSilenceMs, keyAdvice };
    return (await findModel(api, undefined, asking)).id;
  } catch (error) {
    throw loadFailed(api, error);
  }
}

function readAddress(
  uri: string,
  { key, clock }: { readonly key: string | undefined; readonly clock: Clock },
): { readonly api: HttpTarget; readonly root: HttpTarget; readonly wanted: string | undefined } {
  const parsed = parseModelUri(uri);
  if (parsed.kind !== "openai") {
    throw new MusterError(
      "invalid_request",
      `"${uri}" names no upstream: write openai:http://host:port/v1#model.`,
    );
  }
  const { baseUrl, model } = parsed;
  return {
    api: { baseUrl, key, clock },
    root: { baseUrl: baseUrl.replace(/\/v1$/, ""), key, clock },
    wanted: model,
  };
}

function infoOf(
  spec: EngineLoadSpec,
  found: {
    readonly kind: string;
    readonly capabilities: readonly Capability[];
    readonly contextTokens: number;
    readonly loadMs: number;
  },
) {
  const { kind, capabilities, contextTokens, loadMs } = found;
  return {
    engine: "openai",
    engineVersion: undefined,
    architecture: "unknown",
    fileBytes: 0,
    contextTokens,
    slots: spec.slots,
    threads: 0,
    backend: kind === "other" ? "upstream" : kind,
    loadMs: Math.round(loadMs),
    capabilities,
  };
}

function warnOfOpenKey({ baseUrl, key }: HttpTarget, log: Log): void {
  const { protocol, hostname } = new URL(baseUrl);
  if (key !== undefined && protocol === "http:" && !isLoopbackHost(hostname)) {
    log.warn({}, "the upstream's key goes over the network unencrypted: use https");
  }
}

function loadCancelled(spec: EngineLoadSpec): MusterError {
  return new MusterError("cancelled", `Loading ${spec.modelPath} was cancelled.`);
}

function loadFailed({ baseUrl }: HttpTarget, error: unknown): MusterError {
  if (error instanceof HttpFailure) {
    return new MusterError(
      "model_load_failed",
      `The upstream ${baseUrl} does not answer (${error.message}). Start it, or correct the address.`,
      { cause: error },
    );
  }
  return MusterError.from(error, "model_load_failed");
}
