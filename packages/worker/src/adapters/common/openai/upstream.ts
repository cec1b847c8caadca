import type { HttpTarget } from "../http-call.ts";

/** Whose server it is: each takes more than OpenAI's fields, and refuses or ignores the others' ones. */
export type UpstreamKind = "llama-server" | "vllm" | "ollama" | "muster" | "other";

/** How long a working server may send nothing, unless its owner says otherwise. */
export const defaultSilenceMs = 300_000;

/** A server that speaks OpenAI's API, and the model of it that is meant. */
export interface Upstream {
  readonly kind: UpstreamKind;
  /** How messages call it. */
  readonly name: string;
  /** With `/v1`, or whatever stands for it. */
  readonly api: HttpTarget;
  /** Without: where health, properties and the tokenizer are. */
  readonly root: HttpTarget;
  readonly model: string;
  /** What to do where it wants another key. */
  readonly keyAdvice: string;
  /** How long it may send nothing while it works. */
  readonly silenceMs: number;
  /** What its reranker gives: probabilities, or logits that have yet to become some. */
  readonly scores: "probability" | "logit";
}
