import { randomBytes } from "node:crypto";
import {
  type ChatMessage,
  MusterError,
  type Prompt,
  type Thinking,
  type ToolDefinition,
  type ToolUse,
} from "@muster/base";
import type { LlamaModel, Token } from "node-llama-cpp";
import {
  chooseDialect,
  type Dialect,
  type PromptThought,
  thoughtAtEnd,
} from "../../core/dialects/dialect.ts";
import { plainSchema } from "../../core/dialects/plain-schema.ts";
import { foldSystemMessage, plainerTurns } from "../../core/dialects/plain-turns.ts";
import { writeToolsAsText } from "../../core/dialects/tool-text.ts";
import { createSpecialTokenGuard, type PromptPart, privateUseText } from "../../core/special-token-guard.ts";
import { type ChatTemplate, compileChatTemplate } from "./chat-template.ts";
import { type AnswerRules, noRules, plainChat, plainChatRules } from "./plain-chat.ts";
import { isSurelyLonger, promptTooLong } from "./prompt-length.ts";
import { templateMessages, templateTools, withInnerToolResults } from "./template-messages.ts";
import { TemplateStopped } from "./template-sandbox.ts";
import { readVocabulary, type Vocabulary } from "./vocabulary.ts";

export interface PromptRequest {
  readonly prompt: Prompt;
  readonly tools?: ToolUse;
  readonly thinking?: Thinking;
}

export interface PreparedPrompt {
  readonly tokens: Token[];
  /** Whether the answer begins inside a thought, after one, or as the model likes. */
  readonly thought: PromptThought;
}

export interface PromptTokenizer {
  /** False where the file's chat template cannot be read. */
  readonly canChat: boolean;
  readonly dialect: Dialect;
  readonly vocabulary: Vocabulary;
  /**
   * Throws MusterError `invalid_request`: the chat template cannot be read or refuses; or nothing to evaluate.
   * `context_length_exceeded` where the prompt has more than `maxTokens`.
   */
  prepare(request: PromptRequest, maxTokens?: number): PreparedPrompt;
  /** The prompt's tokens alone. */
  tokenize(request: PromptRequest): Token[];
  /** What this model's way of writing a prompt asks of the answer. */
  answerRules(prompt: Prompt): AnswerRules;
}

const nonceLength = 8;

/**
 * Turns prompts into the tokens of one model, with exactly one BOS where the model wants it. Throws MusterError
 * `model_load_failed` for a chat template that does more than it may.
 */
export function createPromptTokenizer(model: LlamaModel): PromptTokenizer {
  const source = chatTemplateSource(model);
  const dialect = chooseDialect(source ?? "");
  const template = compile(model, source ?? plainChat.template);
  const vocabulary = readVocabulary(model, source ?? "", dialect);
  const chatRules = source === undefined ? plainChatRules : noRules;
  const takesSystem = "problem" in template || takesSystemMessage(template);
  const wantsInnerResults = dialect.name === "gemma4" && source?.includes("tool_call_id") === false;

  function prepareChat(
    messages: readonly ChatMessage[],
    { tools, thinking }: PromptRequest,
    maxTokens: number,
  ): PreparedPrompt {
    if ("problem" in template) throw new MusterError("invalid_request", template.problem);
    const guard = createSpecialTokenGuard(vocabulary.texts, randomNonce());
    const protect = {
      text: (text: string) => guard.protect(text),
      answer: (text: string) => guard.protect(text, vocabulary.answerTexts),
    };
    const { definitions = [] } = tools ?? {};
    const toolsInTemplate = dialect.isInTemplate ? templateTools(plainTools(definitions), protect.text) : [];
    const renderTurns = (turns: readonly ChatMessage[]) => {
      const written = templateMessages(turns, protect);
      return template.render({
        messages: wantsInnerResults ? withInnerToolResults(written) : written,
        tools: toolsInTemplate,
        isThinking: thinking === undefined ? undefined : thinking.mode === "on",
      });
    };
    const rendered = renderTolerantly(inWords(messages, definitions), renderTurns);
    const parts = guard.split(rendered);
    const end = parts.at(-1);
    return {
      tokens: tokensOf(parts, maxTokens),
      thought: thoughtAtEnd(end?.kind === "template" ? end.text : "", dialect.thought),
    };
  }

  function inWords(messages: readonly ChatMessage[], tools: readonly ToolDefinition[]) {
    const hasTools = tools.length > 0 || messages.some(({ role }) => role === "tool");
    const isInWords = hasTools && !dialect.isInTemplate;
    const turns = isInWords ? writeToolsAsText(messages, tools, dialect.call) : messages;
    return takesSystem ? turns : foldSystemMessage(turns);
  }

  function plainTools(tools: readonly ToolDefinition[]): readonly ToolDefinition[] {
    if (dialect.name !== "gemma4") return tools;
    return tools.map(({ parameters, ...tool }) =>
      parameters === undefined ? tool : { ...tool, parameters: plainSchema(parameters) },
    );
  }

  function tokensOf(parts: readonly PromptPart[], maxTokens: number): Token[] {
    const tokens: Token[] = [];
    for (const [place, part] of parts.entries()) {
      if (isTooLong(part.text, maxTokens - tokens.length)) throw promptTooLong("messages", maxTokens);
      for (const token of partTokens(part, place > 0)) tokens.push(token);
    }
    return tokens;
  }

  function plainTokens(text: string, maxTokens: number): Token[] {
    if (isTooLong(text, maxTokens)) throw promptTooLong("prompt", maxTokens);
    return model.tokenize(text, false);
  }

  function isTooLong(text: string, maxTokens: number): boolean {
    if (maxTokens < 0) return true;
    return isSurelyLonger(text, maxTokens, (piece) => model.tokenize(piece, false).length);
  }

  function partTokens(part: PromptPart, isContinued: boolean): Token[] {
    // A later part must not get the space that some models put before the start of a text.
    const options = isContinued ? "trimLeadingSpace" : undefined;
    if (part.kind === "template") return model.tokenize(part.text, true, options);
    const plain = model.tokenize(part.text, false, options);
    if (!plain.some((token) => vocabulary.specialIds.has(token))) return plain;
    // User-defined tokens match even with specials off; cut in two they cannot.
    const [first = "", ...rest] = part.text;
    return [
      ...model.tokenize(first, false, options),
      ...model.tokenize(rest.join(""), false, "trimLeadingSpace"),
    ];
  }

  function prepare(request: PromptRequest, maxTokens = Number.POSITIVE_INFINITY): PreparedPrompt {
    const { prompt } = request;
    const { tokens, thought } =
      prompt.kind === "chat"
        ? prepareChat(prompt.messages, request, maxTokens)
        : { tokens: plainTokens(prompt.text, maxTokens), thought: "closed" as const };
    const whole = withOneBos(model, tokens);
    if (whole.length === 0) throw new MusterError("invalid_request", "The prompt is empty.");
    return { tokens: whole, thought };
  }

  return {
    canChat: !("problem" in template),
    dialect,
    vocabulary,
    prepare,
    tokenize: (request) => prepare(request).tokens,
    answerRules: (prompt) => (prompt.kind === "chat" ? chatRules : noRules),
  };
}

function chatTemplateSource(model: LlamaModel): string | undefined {
  const source: unknown = model.fileInfo.metadata.tokenizer.chat_template;
  return typeof source === "string" && source !== "" ? source : undefined;
}

function compile(model: LlamaModel, source: string): ChatTemplate | { readonly problem: string } {
  try {
    return compileChatTemplate(source, {
      bosText: model.tokens.bosString ?? "",
      eosText: model.tokens.eosString ?? "",
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof TemplateStopped)
      throw new MusterError("model_load_failed", `The model's chat template ${reason}.`, { cause: error });
    return {
      problem: `The model's chat template cannot be read (${reason}). Send a plain prompt to /v1/completions instead.`,
    };
  }
}

/** Some templates refuse a system message, and some leave it out. */
function takesSystemMessage(template: ChatTemplate): boolean {
  const content = "a system message";
  const messages = [
    { role: "system", content },
    { role: "user", content: "a question" },
  ];
  try {
    return template.render({ messages }).includes(content);
  } catch (error) {
    const { code, message } = MusterError.from(error);
    // One that ends for two short messages may serve; one that does not is no template.
    if (code === "engine_failed") throw new MusterError("model_load_failed", message, { cause: error });
    return false;
  }
}

/**
 * Clients send two user messages in a row, and system messages in mid-chat, which some templates refuse. Where all
 * forms are refused, the template's first reason counts.
 */
function renderTolerantly(
  messages: readonly ChatMessage[],
  render: (turns: readonly ChatMessage[]) => string,
): string {
  try {
    return render(messages);
  } catch (error) {
    if (MusterError.from(error).code === "engine_failed") throw error;
    for (const turns of plainerTurns(messages)) {
      try {
        return render(turns);
      } catch (other) {
        if (MusterError.from(other).code === "engine_failed") throw other;
        // The next is plainer still.
      }
    }
    throw error;
  }
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
