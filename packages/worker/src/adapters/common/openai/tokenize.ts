import { type InferenceEvent, MusterError, type TokenizeRequest } from "@muster/base";
import { asFields, asList, numberOf, textOf } from "../json-fields.ts";
import { endOf } from "./end-of.ts";
import { thinkingFields, toolFields } from "./generate-body.ts";
import { toUpstreamMessage } from "./messages.ts";
import { postJson } from "./post-json.ts";
import type { Upstream } from "./upstream.ts";

/** The prompt's tokens, from llama-server or vLLM; the others have no way to ask. */
export async function* tokenize(
  upstream: Upstream,
  request: TokenizeRequest,
  signal: AbortSignal,
): AsyncGenerator<InferenceEvent, void> {
  const startMs = upstream.api.clock.nowMs();
  const { ids, texts } =
    upstream.kind === "llama-server"
      ? await fromLlamaServer(upstream, request, signal)
      : await fromVllm(upstream, request, signal);
  if (ids.length !== texts.length) {
    throw new MusterError("engine_failed", `${upstream.name} gave tokens without their texts.`);
  }
  yield { kind: "token-ids", ids, texts, tokens: 0 };
  yield endOf(upstream, ids.length, startMs);
}

interface Tokens {
  readonly ids: readonly number[];
  readonly texts: readonly string[];
}

async function fromLlamaServer(
  upstream: Upstream,
  { prompt, tools, thinking }: TokenizeRequest,
  signal: AbortSignal,
): Promise<Tokens> {
  const at = upstream.root;
  let content: string;
  if (prompt.kind === "text") content = prompt.text;
  else {
    const body = {
      messages: prompt.messages.map(toUpstreamMessage),
      ...toolFields(tools, upstream.kind),
      ...thinkingFields(thinking, upstream.kind),
    };
    const rendered = await postJson(upstream, { at, path: "/apply-template", body, signal });
    content = textOf(rendered, "prompt") ?? "";
  }
  // As its completions do it: the start mark in front, and marks in the text count as marks.
  const body = { content, add_special: true, parse_special: true, with_pieces: true };
  const json = await postJson(upstream, { at, path: "/tokenize", body, signal });
  const tokens = asList(json["tokens"]).map(asFields);
  return {
    ids: tokens.flatMap((token) => numberOf(token, "id") ?? []),
    texts: pieceTexts(tokens.map((token) => token?.["piece"])),
  };
}

/**
 * The texts of tokens. A piece that is no whole character comes as bytes: the token that completes the character gets
 * it, those before get nothing.
 */
function pieceTexts(pieces: readonly unknown[]): readonly string[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return pieces.map((piece, i) => {
    const bytes = asList(piece).filter((byte): byte is number => typeof byte === "number");
    const encoded = typeof piece === "string" ? new TextEncoder().encode(piece) : Uint8Array.from(bytes);
    return decoder.decode(encoded, { stream: i + 1 < pieces.length });
  });
}

async function fromVllm(
  upstream: Upstream,
  { prompt, tools, thinking }: TokenizeRequest,
  signal: AbortSignal,
): Promise<Tokens> {
  const given =
    prompt.kind === "text"
      ? { prompt: prompt.text }
      : {
          messages: prompt.messages.map(toUpstreamMessage),
          ...toolFields(tools, upstream.kind),
          ...thinkingFields(thinking, upstream.kind),
          add_generation_prompt: true,
        };
  const json = await postJson(upstream, {
    at: upstream.root,
    path: "/tokenize",
    body: { model: upstream.model, ...given, return_token_strs: true },
    signal,
  });
  return {
    ids: asList(json["tokens"]).filter((id): id is number => typeof id === "number"),
    texts: asList(json["token_strs"]).filter((text): text is string => typeof text === "string"),
  };
}
