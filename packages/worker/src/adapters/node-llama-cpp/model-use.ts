import { MusterError } from "@muster/base";
import type { LlamaModel } from "node-llama-cpp";

/** What a model file is made for. A model that writes gives vectors too; one that is made for them writes nothing. */
export type ModelUse =
  | { readonly kind: "generate" }
  /** `isWhole`: the vector is of all tokens, or they see those after them: a text must be evaluated in one batch. */
  | { readonly kind: "embed"; readonly isWhole: boolean }
  | { readonly kind: "rank" };

/** llama.cpp's numbers for how the vectors of a text's tokens become one. */
const pooling = { none: 0, last: 3, rank: 4 };

/** Their decoders expect an encoder's output, which nothing here computes. */
const encoderArchitectures = new Set<string>(["t5", "t5encoder"]);

/** The file says it: models that write have no pooling type. Throws MusterError `model_load_failed`. */
export function modelUse({
  fileInfo,
  fileInsights,
}: Pick<LlamaModel, "fileInfo" | "fileInsights">): ModelUse {
  const { pooling_type: poolingType = pooling.none, attention } = fileInfo.architectureMetadata;
  const isCausal = attention?.causal !== false;
  if (encoderArchitectures.has(fileInfo.metadata.general.architecture)) {
    throw cannotLoad("It reads with an encoder before it writes, which this engine does not drive.");
  }
  if (poolingType === pooling.rank) {
    if (fileInsights.supportsRanking) return { kind: "rank" };
    throw cannotLoad("It is a reranker without a classifier, or without a token that ends a text.");
  }
  if (poolingType !== pooling.none)
    return { kind: "embed", isWhole: poolingType !== pooling.last || !isCausal };
  if (isCausal) return { kind: "generate" };
  throw cannotLoad(
    "It cannot write, and its file does not say how to make one vector of a text (pooling_type).",
  );
}

function cannotLoad(reason: string): MusterError {
  return new MusterError("model_load_failed", reason);
}
