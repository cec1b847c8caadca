import type { InferenceDelta, TokenLogprob } from "@muster/base";
import type { Output, Output__Output } from "../gen/muster/v1/Output.ts";
import type { TokenLogprob__Output } from "../gen/muster/v1/TokenLogprob.ts";

/** The part of an Output that says what came out. */
export function deltaToWire(delta: InferenceDelta): Output {
  const { tokens } = delta;
  switch (delta.kind) {
    case "text":
      return {
        tokens,
        text: delta.text,
        ...(delta.logprobs === undefined
          ? {}
          : { logprobs: delta.logprobs.map((each) => ({ ...each, top: [...each.top] })) }),
      };
    case "reasoning":
      return { tokens, reasoning: delta.text };
    case "tool-call":
      return { tokens, toolCall: { index: delta.index, id: delta.id, name: delta.name } };
    case "tool-arguments":
      return { tokens, toolArguments: { index: delta.index, text: delta.text } };
    case "embedding":
      return { tokens, embedding: { index: delta.index, values: [...delta.values] } };
    case "score":
      return { tokens, score: { index: delta.index, score: delta.score } };
    case "token-ids":
      return { tokens, tokenIds: { ids: [...delta.ids], texts: [...delta.texts] } };
    default:
      return delta satisfies never;
  }
}

/** Undefined for a kind of piece that this build does not know. */
export function deltaFromWire(wire: Output__Output): InferenceDelta | undefined {
  const { tokens } = wire;
  if (wire.toolCall) {
    const { index, id, name } = wire.toolCall;
    return { kind: "tool-call", index, id, name, tokens };
  }
  if (wire.toolArguments) {
    const { index, text } = wire.toolArguments;
    return { kind: "tool-arguments", index, text, tokens };
  }
  if (wire.embedding) {
    const { index, values } = wire.embedding;
    return { kind: "embedding", index, values, tokens };
  }
  if (wire.score) return { kind: "score", index: wire.score.index, score: wire.score.score, tokens };
  if (wire.tokenIds) return { kind: "token-ids", ids: wire.tokenIds.ids, texts: wire.tokenIds.texts, tokens };
  if (wire.piece === "reasoning") return { kind: "reasoning", text: wire.reasoning ?? "", tokens };
  if (wire.piece !== "text") return undefined;
  const logprobs = wire.logprobs.map(logprobFromWire);
  return { kind: "text", text: wire.text ?? "", tokens, ...(logprobs.length === 0 ? {} : { logprobs }) };
}

function logprobFromWire({ text, logprob, top }: TokenLogprob__Output): TokenLogprob {
  return { text, logprob, top: top.map((each) => ({ text: each.text, logprob: each.logprob })) };
}
