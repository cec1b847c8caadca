import { randomBytes } from "node:crypto";
import { type ChatMessage, MusterError, type Prompt } from "@muster/base";
import type { LlamaModel, Token } from "node-llama-cpp";
import {
  createSpecialTokenGuard,
  indexSpecialTexts,
  type PromptPart,
  privateUseText,
} from "../../core/special-token-guard.ts";
import { compileChatTemplate } from "./chat-template.ts";
import { type AnswerRules, noRules, plainChat, plainChatRules } from "./plain-chat.ts";

export interface PromptTokenizer {
  /** False where the file's chat template cannot be read. */
  readonly canChat: boolean;
  /** Throws MusterError `invalid_request`: the chat template cannot be read or refuses; or nothing to evaluate. */
  tokenize(prompt: Prompt): Token[];
  /** What this model's way of writing a prompt asks of the answer. */
  answerRules(prompt: Prompt): AnswerRules;
}

const nonceLength = 8;

/** Turns prompts into the tokens of one model, with exactly one BOS where the model wants it. */
export function createPromptTokenizer(model: LlamaModel): PromptTokenizer {
  const source = chatTemplateSource(model);
  const template = compile(model, source ?? plainChat.template);
  const specials = findSpecialTokens(model, source ?? "");
  const chatRules = source === undefined ? plainChatRules : noRules;

  function chatTokens(messages: readonly ChatMessage[]): Token[] {
    if ("problem" in template) throw new MusterError("invalid_request", template.problem);
    const guard = createSpecialTokenGuard(specials.texts, randomNonce());
    const rendered = template.render(
      messages.map((message) => ({
        ...message,
        // Templates look for the marks of reasoning (`</think>`) in earlier answers, to leave it out.
        content: guard.protect(
          message.content,
          message.role === "assistant" ? specials.controlTexts : undefined,
        ),
        ...(message.name === undefined ? {} : { name: guard.protect(message.name) }),
      })),
    );
    return guard.split(rendered).flatMap((part, place) => partTokens(part, place > 0));
  }

  function partTokens(part: PromptPart, isContinued: boolean): Token[] {
    // A later part must not get the space that some models put before the start of a text.
    const options = isContinued ? "trimLeadingSpace" : undefined;
    if (part.kind === "template") return model.tokenize(part.text, true, options);
    const plain = model.tokenize(part.text, false, options);
    if (!plain.some((token) => specials.ids.has(token))) return plain;
    // User-defined tokens match even with specials off; cut in two they cannot.
    const [first = "", ...rest] = part.text;
    return [
      ...model.tokenize(first, false, options),
      ...model.tokenize(rest.join(""), false, "trimLeadingSpace"),
    ];
  }

  return {
    canChat: !("problem" in template),
    answerRules: (prompt) => (prompt.kind === "chat" ? chatRules : noRules),
    tokenize(prompt) {
      const tokens =
        prompt.kind === "chat" ? chatTokens(prompt.messages) : model.tokenize(prompt.text, false);
      const whole = withOneBos(model, tokens);
      if (whole.length === 0) throw new MusterError("invalid_request", "The prompt is empty.");
      return whole;
    },
  };
}

function chatTemplateSource(model: LlamaModel): string | undefined {
  const source: unknown = model.fileInfo.metadata.tokenizer.chat_template;
  return typeof source === "string" && source !== "" ? source : undefined;
}

function compile(model: LlamaModel, source: string) {
  try {
    return compileChatTemplate(source, {
      bosText: model.tokens.bosString ?? "",
      eosText: model.tokens.eosString ?? "",
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      problem: `The model's chat template cannot be read (${reason}). Send a plain prompt to /v1/completions instead.`,
    };
  }
}

/**
 * The tokens that steer the model: control tokens, and user-defined ones that its template writes. Other user-defined
 * tokens (runs of spaces, HTML tags) are ordinary text.
 */
function findSpecialTokens(model: LlamaModel, templateSource: string) {
  const texts: string[] = [];
  const controlTexts: string[] = [];
  const ids = new Set<Token>();
  for (const token of model.iterateAllTokens()) {
    const attributes = model.getTokenAttributes(token);
    const isControl = attributes.control || attributes.unknown || model.isEogToken(token);
    if (!isControl && !attributes.userDefined) continue;
    const text = model.detokenize([token], true);
    if (text.trim() === "") continue;
    if (!isControl && !templateSource.includes(text)) continue;
    texts.push(text);
    if (isControl) controlTexts.push(text);
    ids.add(token);
  }
  return { texts: indexSpecialTexts(texts), controlTexts: indexSpecialTexts(controlTexts), ids };
}

function withOneBos(model: LlamaModel, tokens: Token[]): Token[] {
  const { bos, shouldPrependBosToken } = model.tokens;
  if (bos === null) return tokens;
  const firstOther = tokens.findIndex((token) => token !== bos);
  const given = firstOther < 0 ? tokens.length : firstOther;
  if (given > 1) return tokens.slice(given - 1);
  return given === 0 && shouldPrependBosToken ? [bos, ...tokens] : tokens;
}

function randomNonce(): string {
  const bytes = randomBytes(nonceLength * 2);
  return privateUseText(Array.from({ length: nonceLength }, (_, i) => bytes.readUInt16LE(i * 2)));
}
