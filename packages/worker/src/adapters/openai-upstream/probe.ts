import { type Capability, isCapability, MusterError } from "@muster/base";
import { callForJson, type HttpTarget } from "../common/http-call.ts";
import { asFields, asList, type JsonFields, numberOf, textOf } from "../common/json-fields.ts";
import { llamaServerCapabilities } from "../common/openai/llama-server-props.ts";
import type { UpstreamKind } from "../common/openai/upstream.ts";
import { contextOf, type UpstreamModel } from "./find-model.ts";

/** What can be found out about a server and its model without running it. */
export interface Probed {
  readonly kind: UpstreamKind;
  readonly capabilities: readonly Capability[];
  readonly contextTokens: number | undefined;
}

interface Asking {
  readonly root: HttpTarget;
  readonly signal: AbortSignal;
  readonly silenceMs: number;
}

/** Ollama's context where neither the model nor a running instance says: its own default. */
const ollamaContextTokens = 4096;

/** Throws MusterError `model_load_failed` for a server that is still loading, and HttpFailure. */
export async function probe(model: UpstreamModel, asking: Asking): Promise<Probed> {
  switch (model.ownedBy) {
    case "llamacpp":
      return probeLlamaServer(model, asking);
    case "vllm":
      return {
        kind: "vllm",
        capabilities: [...general, "thinking", "logprobs", "logit_bias", "tokenize"],
        contextTokens: contextOf(model),
      };
    case "muster":
      return probeMuster(model);
    default:
      return (
        (await probeOllama(model, asking)) ?? {
          kind: "other",
          capabilities: general,
          contextTokens: contextOf(model),
        }
      );
  }
}

/** What every such server has, or refuses with words of its own. */
const general: readonly Capability[] = ["chat", "completion", "tools", "structured_output"];

function probeMuster(model: UpstreamModel): Probed {
  const given = model.fields["capabilities"];
  const capabilities = asList(given).filter(isCapabilityName);
  // It lists what its workers load as well.
  if (Array.isArray(given) && capabilities.length === 0) throw stillLoading(model.id);
  return {
    kind: "muster",
    capabilities: given === undefined ? ["chat", "completion"] : capabilities,
    contextTokens: contextOf(model),
  };
}

async function probeLlamaServer(model: UpstreamModel, asking: Asking): Promise<Probed> {
  const props = await ask(asking, { method: "GET", path: "/props" });
  const settings = asFields(props?.["default_generation_settings"]);
  return {
    kind: "llama-server",
    capabilities: llamaServerCapabilities(props),
    contextTokens: numberOf(settings, "n_ctx") ?? contextOf(model),
  };
}

/** Undefined: it is no Ollama. */
async function probeOllama({ id }: UpstreamModel, asking: Asking): Promise<Probed | undefined> {
  const shown = await ask(asking, { method: "POST", path: "/api/show", body: { model: id } });
  if (shown === undefined || !Array.isArray(shown["capabilities"])) return undefined;
  const has = new Set(asList(shown["capabilities"]));
  const names: readonly (readonly [string, readonly Capability[]])[] = [
    ["completion", ["chat", "completion", "structured_output"]],
    ["tools", ["tools"]],
    ["thinking", ["thinking"]],
    ["vision", ["vision"]],
    ["audio", ["audio"]],
    ["embedding", ["embedding"]],
  ];
  return {
    kind: "ollama",
    capabilities: names.flatMap(([name, capabilities]) => (has.has(name) ? capabilities : [])),
    contextTokens: await ollamaContext(id, shown, asking),
  };
}

/** What Ollama would really use, which is less than what the model could: the rest of a prompt it drops silently. */
async function ollamaContext(id: string, shown: JsonFields, asking: Asking): Promise<number> {
  const set = /^\s*num_ctx\s+(\d+)\s*$/m.exec(textOf(shown, "parameters") ?? "")?.[1];
  if (set !== undefined) return Number(set);
  const running = await ask(asking, { method: "GET", path: "/api/ps" });
  const instance = asList(running?.["models"])
    .map(asFields)
    .find((each) => textOf(each, "name") === id);
  return numberOf(instance, "context_length") ?? ollamaContextTokens;
}

/** Undefined where the server does not know the question. */
async function ask(
  { root, signal, silenceMs }: Asking,
  question: { readonly method: "GET" | "POST"; readonly path: string; readonly body?: unknown },
): Promise<JsonFields | undefined> {
  const { status, json } = await callForJson(root, { ...question, signal, silenceMs });
  if (status === 503) throw stillLoading(question.path);
  return status === 200 ? asFields(json) : undefined;
}

/** The keeper tries again after a while. */
function stillLoading(what: string): MusterError {
  return new MusterError(
    "model_load_failed",
    `The upstream is not ready yet (${what}): its model is still loading.`,
  );
}

function isCapabilityName(value: unknown): value is Capability {
  return typeof value === "string" && isCapability(value);
}
