import type { ChatCompletionRequest, ChatMessage, ContentPart } from "@muster/sdk";
import { type ChatSettings, numberOf } from "./chat-settings.ts";
import type { Question, Turn } from "./conversation.ts";

interface Asked {
  readonly model: string;
  readonly settings: ChatSettings;
  /** Whether the model can think: others are not told how much. */
  readonly canThink: boolean;
  readonly earlier: readonly Turn[];
  readonly question: Question;
}

/** What is sent for a question. Thoughts of earlier answers stay here: templates leave them out anyway. */
export function chatRequestOf({
  model,
  settings,
  canThink,
  earlier,
  question,
}: Asked): ChatCompletionRequest {
  const messages: ChatMessage[] = [
    ...(settings.system.trim() === "" ? [] : [{ role: "system", content: settings.system } as const]),
    ...earlier.flatMap(messagesOf),
    userMessage(question),
  ];
  return { model, messages, ...parametersOf(settings, canThink) };
}

/** An answer that failed, and its question, is not part of what a model is told. */
function messagesOf({ question, answer }: Turn): readonly ChatMessage[] {
  if (answer.text === "") return [];
  return [userMessage(question), { role: "assistant", content: answer.text }];
}

function userMessage({ text, images }: Question): ChatMessage {
  if (images.length === 0) return { role: "user", content: text };
  const parts: ContentPart[] = images.map((url) => ({ type: "image_url", image_url: { url } }));
  return { role: "user", content: text === "" ? parts : [...parts, { type: "text", text }] };
}

function parametersOf(
  settings: ChatSettings,
  canThink: boolean,
): Omit<ChatCompletionRequest, "model" | "messages"> {
  const { thinking, format } = settings;
  const [temperature, top_p] = [numberOf(settings.temperature), numberOf(settings.topP)];
  const [max_tokens, seed] = [numberOf(settings.maxTokens), numberOf(settings.seed)];
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(top_p === undefined ? {} : { top_p }),
    ...(max_tokens === undefined ? {} : { max_tokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(thinking === "default" || !canThink ? {} : { reasoning_effort: thinking }),
    ...(format === "json_object" ? { response_format: { type: "json_object" } as const } : {}),
    ...(format === "json_schema" ? { response_format: schemaFormat(settings.schema) } : {}),
  };
}

function schemaFormat(schema: string) {
  const parsed = JSON.parse(schema) as Readonly<Record<string, unknown>>;
  return { type: "json_schema", json_schema: { name: "answer", schema: parsed } } as const;
}
