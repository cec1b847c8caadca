import {
  type Capability,
  type GenerateRequest,
  goldenCacheSalt,
  type InferenceDelta,
  type InferenceRequest,
} from "@muster/base";
import type { GoldenPrompt } from "@muster/models";
import { judgeOrder, judgePlainText, judgeVectors } from "./canary-judges.ts";

/** One question with the way its answer is judged. */
export interface CanaryQuestion {
  /** As people read it in the sentence about a wrong answer. */
  readonly name: string;
  readonly request: InferenceRequest;
  /** That may come at most. */
  readonly tokens: number;
  /** What is wrong with the answer, to follow the question's name; undefined: nothing. */
  readonly fault: (deltas: readonly InferenceDelta[]) => string | undefined;
}

/** A model that thinks whatever it is told needs room for that. */
const thinkingTokens = 256;
/** Enough to see whether one token is repeated. */
const plainTokens = 24;
const plainChat = "Hello! Please write one short sentence about the sea.";
const plainText = "The sea is wide and";

const related = ["A cat sleeps on the sofa.", "The cat is asleep on the couch."] as const;
const unrelated = "Quarterly revenue grew by nine percent in Japan.";
const query = "What is the capital of France?";
/** The first answers the query. */
const documents = [
  "Paris is the capital of France.",
  "Bananas are yellow when they are ripe.",
  "The engine needs new oil every year.",
];

/**
 * What a replica is asked before it gets work: what is known of its model, else what any model that works can do. Empty
 * where it can do nothing that could be judged.
 */
export function canaryQuestions(
  capabilities: ReadonlySet<Capability>,
  golden: readonly GoldenPrompt[],
): readonly CanaryQuestion[] {
  if (capabilities.has("chat") || capabilities.has("completion")) {
    return golden.length > 0
      ? golden.map((prompt) => goldenQuestion(prompt, capabilities))
      : [plainQuestion(capabilities)];
  }
  if (capabilities.has("rerank") && !capabilities.has("embedding")) return [orderQuestion()];
  return capabilities.has("embedding") ? [vectorsQuestion()] : [];
}

function goldenQuestion(
  { prompt, expects, maxTokens }: GoldenPrompt,
  capabilities: ReadonlySet<Capability>,
): CanaryQuestion {
  const tokens = maxTokens + (capabilities.has("thinking") ? thinkingTokens : 0);
  return {
    name: `golden prompt '${shortened(prompt)}'`,
    request: asking(prompt, tokens, capabilities),
    tokens,
    fault: (deltas) => {
      // An answer that was cut off while it thought has said it there.
      const answer = `${textOf(deltas, "reasoning")}\n${textOf(deltas, "text")}`.toLowerCase();
      if (expects.some((text) => answer.includes(text.toLowerCase()))) return undefined;
      const came = textOf(deltas, "text").trim() || textOf(deltas, "reasoning").trim();
      return came === "" ? "answered nothing" : `answered '${shortened(came)}'`;
    },
  };
}

function plainQuestion(capabilities: ReadonlySet<Capability>): CanaryQuestion {
  const text = capabilities.has("chat") ? plainChat : plainText;
  return {
    name: `the check prompt '${shortened(text)}'`,
    request: asking(text, plainTokens, capabilities),
    tokens: plainTokens,
    fault: (deltas) => {
      const answer = textOf(deltas, "reasoning") + textOf(deltas, "text");
      const fault = judgePlainText(answer);
      return fault === undefined ? undefined : `${fault}${answer === "" ? "" : `: '${shortened(answer)}'`}`;
    },
  };
}

function vectorsQuestion(): CanaryQuestion {
  const inputs = [...related, unrelated];
  return {
    name: "the check of three texts",
    request: { task: "embed", inputs },
    tokens: 0,
    fault: (deltas) => {
      const vectors = inputs.map(
        (_text, index) =>
          deltas.find((delta) => delta.kind === "embedding" && delta.index === index) as
            | Extract<InferenceDelta, { kind: "embedding" }>
            | undefined,
      );
      return judgeVectors(vectors.map((delta) => delta?.values ?? []));
    },
  };
}

function orderQuestion(): CanaryQuestion {
  return {
    name: "the check of three documents",
    request: { task: "rerank", query, documents },
    tokens: 0,
    fault: (deltas) => {
      const scores = documents.map((_text, index) => {
        for (const delta of deltas) if (delta.kind === "score" && delta.index === index) return delta.score;
        return Number.NaN;
      });
      return judgeOrder(scores);
    },
  };
}

/** At temperature 0; a model that only continues texts gets the prompt as one. */
function asking(text: string, maxTokens: number, capabilities: ReadonlySet<Capability>): GenerateRequest {
  const isChat = capabilities.has("chat");
  return {
    task: "generate",
    prompt: isChat ? { kind: "chat", messages: [{ role: "user", content: text }] } : { kind: "text", text },
    sampling: {
      temperature: 0,
      topK: 1,
      topP: 1,
      minP: 0,
      seed: 1,
      frequencyPenalty: 0,
      presencePenalty: 0,
    },
    maxTokens,
    stop: [],
    ...(isChat ? { thinking: { mode: "off" as const } } : {}),
    cacheSalt: goldenCacheSalt,
  };
}

function textOf(deltas: readonly InferenceDelta[], kind: "text" | "reasoning"): string {
  return deltas.map((delta) => (delta.kind === kind ? delta.text : "")).join("");
}

const maxShown = 60;

/** For one line of a table: nothing that moves a cursor, and not long. */
function shortened(text: string): string {
  const line = text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, " ")
    .trim()
    .replaceAll("'", "’");
  const characters = [...line];
  return characters.length > maxShown ? `${characters.slice(0, maxShown - 1).join("")}…` : line;
}
