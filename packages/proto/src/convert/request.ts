import {
  type GenerateRequest,
  type InferenceRequest,
  type JsonSchema,
  MusterError,
  type Prompt,
  type Sampling,
  type Thinking,
  type ToolChoice,
  type ToolUse,
} from "@muster/base";
import type {
  InferenceRequest as Wire,
  InferenceRequest__Output as WireRead,
} from "../gen/muster/v1/InferenceRequest.ts";
import type { Sampling__Output } from "../gen/muster/v1/Sampling.ts";
import type { Thinking__Output, Thinking as WireThinking } from "../gen/muster/v1/Thinking.ts";
import type { ToolUse__Output, ToolUse as WireToolUse } from "../gen/muster/v1/ToolUse.ts";
import { float } from "./float.ts";
import { messageFromWire, messageToWire } from "./message.ts";

/** Between Muster's own requests and the wire: the one place where both shapes are known. */
export function requestToWire(request: InferenceRequest): Wire {
  switch (request.task) {
    case "generate":
      return { task: "TASK_GENERATE", ...promptToWire(request.prompt), ...generationToWire(request) };
    case "embed":
      return { task: "TASK_EMBED", embed: { inputs: [...request.inputs] } };
    case "rerank":
      return { task: "TASK_RERANK", rerank: { query: request.query, documents: [...request.documents] } };
    case "tokenize":
      return {
        task: "TASK_TOKENIZE",
        ...promptToWire(request.prompt),
        ...(request.tools === undefined ? {} : { tools: toolsToWire(request.tools) }),
        ...(request.thinking === undefined ? {} : { thinking: thinkingToWire(request.thinking) }),
      };
    default:
      return request satisfies never;
  }
}

/** Throws MusterError `invalid_request` on a message that no orchestrator of ours sends. */
export function requestFromWire(wire: WireRead | null): InferenceRequest {
  if (wire === null) throw malformed("it is missing");
  switch (wire.task) {
    case "TASK_GENERATE":
      return generationFromWire(wire);
    case "TASK_EMBED":
      return { task: "embed", inputs: wire.embed?.inputs ?? [] };
    case "TASK_RERANK":
      return { task: "rerank", query: wire.rerank?.query ?? "", documents: wire.rerank?.documents ?? [] };
    case "TASK_TOKENIZE":
      return {
        task: "tokenize",
        prompt: promptFromWire(wire),
        ...(wire.tools === null ? {} : { tools: toolsFromWire(wire.tools) }),
        ...(wire.thinking === null ? {} : { thinking: thinkingFromWire(wire.thinking) }),
      };
    default:
      // A task of a newer orchestrator arrives as its number.
      throw new MusterError(
        "unsupported",
        `This worker does not know the task ${String(wire.task)}: update it.`,
      );
  }
}

function promptToWire(prompt: Prompt): Wire {
  return prompt.kind === "chat"
    ? { chat: { messages: prompt.messages.map(messageToWire) } }
    : { text: { text: prompt.text } };
}

function promptFromWire(wire: WireRead): Prompt {
  if (wire.prompt === "chat" && wire.chat)
    return { kind: "chat", messages: wire.chat.messages.map(messageFromWire) };
  if (wire.prompt === "text" && wire.text) return { kind: "text", text: wire.text.text };
  throw malformed("it has no prompt");
}

function generationToWire(request: GenerateRequest): Wire {
  const { maxTokens, tools, format, thinking, topLogprobs, cacheSalt } = request;
  const { logitBias, ...sampling } = request.sampling;
  return {
    sampling: { ...sampling, ...(logitBias === undefined ? {} : { logitBias: [...logitBias] }) },
    ...(maxTokens === undefined ? {} : { maxTokens }),
    stop: [...request.stop],
    ...(tools === undefined ? {} : { tools: toolsToWire(tools) }),
    ...(format === undefined
      ? {}
      : { format: format.kind === "json-schema" ? { schemaJson: JSON.stringify(format.schema) } : {} }),
    ...(thinking === undefined ? {} : { thinking: thinkingToWire(thinking) }),
    ...(topLogprobs === undefined ? {} : { topLogprobs }),
    ...(cacheSalt === undefined ? {} : { cacheSalt }),
  };
}

function generationFromWire(wire: WireRead): GenerateRequest {
  if (wire.sampling === null) throw malformed("its sampling is missing");
  const { tools, format, thinking, topLogprobs, cacheSalt } = wire;
  return {
    task: "generate",
    prompt: promptFromWire(wire),
    sampling: samplingFromWire(wire.sampling),
    maxTokens: wire.maxTokens,
    stop: wire.stop,
    ...(tools === null ? {} : { tools: toolsFromWire(tools) }),
    ...(format === null
      ? {}
      : {
          format:
            format.schemaJson === undefined
              ? { kind: "json-object" as const }
              : { kind: "json-schema" as const, schema: schemaFromWire(format.schemaJson) },
        }),
    ...(thinking === null ? {} : { thinking: thinkingFromWire(thinking) }),
    ...(topLogprobs === undefined ? {} : { topLogprobs }),
    ...(cacheSalt === "" ? {} : { cacheSalt }),
  };
}

function samplingFromWire(wire: Sampling__Output): Sampling {
  return {
    temperature: float(wire.temperature),
    topK: wire.topK,
    topP: float(wire.topP),
    minP: float(wire.minP),
    seed: wire.seed,
    frequencyPenalty: float(wire.frequencyPenalty),
    presencePenalty: float(wire.presencePenalty),
    ...(wire.repetitionPenalty === undefined ? {} : { repetitionPenalty: float(wire.repetitionPenalty) }),
    ...(wire.logitBias.length === 0
      ? {}
      : { logitBias: wire.logitBias.map(({ tokenId, bias }) => ({ tokenId, bias: float(bias) })) }),
  };
}

function thinkingToWire({ mode, budgetTokens }: Thinking): WireThinking {
  return { isOn: mode === "on", ...(budgetTokens === undefined ? {} : { budgetTokens }) };
}

function thinkingFromWire({ isOn, budgetTokens }: Thinking__Output): Thinking {
  return { mode: isOn ? "on" : "off", ...(budgetTokens === undefined ? {} : { budgetTokens }) };
}

function toolsToWire({ definitions, choice, isParallel }: ToolUse): WireToolUse {
  return {
    definitions: definitions.map(({ parameters, ...rest }) => ({
      ...rest,
      ...(parameters === undefined ? {} : { parametersJson: JSON.stringify(parameters) }),
    })),
    choice: choice.kind,
    name: choice.kind === "named" ? choice.name : "",
    isParallel,
  };
}

function toolsFromWire({ definitions, choice, name, isParallel }: ToolUse__Output): ToolUse {
  return {
    definitions: definitions.map((tool) => ({
      name: tool.name,
      ...(tool.description === undefined ? {} : { description: tool.description }),
      ...(tool.parametersJson === undefined ? {} : { parameters: schemaFromWire(tool.parametersJson) }),
    })),
    choice: choiceFromWire(choice, name),
    isParallel,
  };
}

function choiceFromWire(kind: string, name: string): ToolChoice {
  if (kind === "named") return { kind, name };
  if (kind === "auto" || kind === "none" || kind === "required") return { kind };
  throw malformed(`the tool choice "${kind}" is unknown`);
}

function schemaFromWire(text: string): JsonSchema {
  try {
    return JSON.parse(text) as JsonSchema;
  } catch {
    throw malformed("a JSON schema in it is no JSON");
  }
}

function malformed(what: string): MusterError {
  return new MusterError("invalid_request", `The orchestrator's request cannot be read: ${what}.`);
}
