import { MusterError } from "@muster/base";
import { callForJson, type HttpTarget } from "../common/http-call.ts";
import { asFields, asList, type JsonFields, numberOf, textOf } from "../common/json-fields.ts";

export interface UpstreamModel {
  readonly id: string;
  /** Whose server lists it, in its own words: `vllm`, `llamacpp`, `library` (Ollama), `muster`. */
  readonly ownedBy: string | undefined;
  readonly fields: JsonFields;
}

const shownModels = 12;

/**
 * The model that is meant: by name, or the first one. Throws MusterError `model_load_failed` that names what there is,
 * and HttpFailure.
 */
export async function findModel(
  api: HttpTarget,
  wanted: string | undefined,
  options: { readonly signal: AbortSignal; readonly silenceMs: number; readonly keyAdvice: string },
): Promise<UpstreamModel> {
  const { signal, silenceMs, keyAdvice } = options;
  const { status, json } = await callForJson(api, { method: "GET", path: "/models", signal, silenceMs });
  if (status === 401 || status === 403) {
    throw failed(`${api.baseUrl} wants a key (HTTP ${status}). ${keyAdvice}`);
  }
  const models = asList(asFields(json)?.["data"]).map(asFields).flatMap(toModel);
  if (status !== 200 || models.length === 0) {
    const why = status === 200 ? "it lists no models" : `it answered HTTP ${status}`;
    throw failed(
      `${api.baseUrl}/models: ${why}. Check that the address is an OpenAI-compatible API, with its /v1, and that it has a model.`,
    );
  }
  const first = models[0];
  const found = wanted === undefined ? first : models.find(({ id }) => isSame(id, wanted));
  if (found !== undefined) return found;
  const names = models.slice(0, shownModels).map(({ id }) => `"${id}"`);
  const more = models.length > shownModels ? ` and ${models.length - shownModels} more` : "";
  throw failed(`${api.baseUrl} has no model "${wanted}". It has ${names.join(", ")}${more}.`);
}

/** Ollama takes a name without a tag for its `latest`. */
function isSame(id: string, wanted: string): boolean {
  return id === wanted || id === `${wanted}:latest`;
}

function toModel(fields: JsonFields | undefined): UpstreamModel[] {
  const id = textOf(fields, "id");
  return id === undefined || fields === undefined
    ? []
    : [{ id, ownedBy: textOf(fields, "owned_by"), fields }];
}

/** The number of tokens that a server says a model's context has, whatever it calls it. */
export function contextOf({ fields }: UpstreamModel): number | undefined {
  return (
    numberOf(fields, "max_model_len") ??
    numberOf(fields, "context_tokens") ??
    numberOf(fields, "context_length") ??
    numberOf(asFields(fields["meta"]), "n_ctx")
  );
}

function failed(message: string): MusterError {
  return new MusterError("model_load_failed", message);
}
