import { MusterError } from "@muster/base";
import type { ChatCompletionRequest, ChatMessage, Muster } from "@muster/sdk";
import { Command } from "commander";
import { runRepl } from "../chat-repl.ts";
import { type ClientFlags, createClient, withClientOptions } from "../client-options.ts";
import { type CommandIo, exitCodes } from "../command-io.ts";
import { temperature, wholeNumber } from "../number-options.ts";
import { runClientCommand } from "../run-client-command.ts";
import { servedModel } from "../served-model.ts";
import { streamAnswer } from "../stream-answer.ts";

interface ChatFlags extends ClientFlags {
  readonly model?: string;
  readonly system?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly json?: boolean;
}

/** Far more than any model's context; a larger prompt is a mistake, like a piped disk image. */
const longestPromptChars = 16 * 1024 * 1024;

/** `muster chat`: asks the fleet. */
export function chatCommand(io: CommandIo): Command {
  return withClientOptions(new Command("chat"))
    .description("ask a model; without a prompt, hold a conversation")
    .argument(
      "[prompt...]",
      "the question; - stands for standard input, which is also read where there is no prompt",
    )
    .option("--model <name>", "which model (default: the one that is served)")
    .option("--system <text>", "what the model is told first")
    .option("--max-tokens <n>", "longest answer, in tokens", wholeNumber)
    .option("--temperature <t>", "0 takes the likeliest words; at most 2", temperature)
    .option("--json", "print the whole answer as JSON")
    .action((words: string[], flags: ChatFlags) =>
      runClientCommand(io, async (signal) => {
        const client = createClient(flags, io);
        if (words.length === 0 && io.isTty) await converse(io, client, { flags, signal });
        else await askOnce(io, client, { prompt: await promptOf(words, io, signal), flags, signal });
      }),
    );
}

interface Asked {
  readonly flags: ChatFlags;
  readonly signal: AbortSignal;
}

async function askOnce(
  io: CommandIo,
  client: Muster,
  asked: Asked & { readonly prompt: string },
): Promise<void> {
  const { prompt, flags, signal } = asked;
  const model = await servedModel(client, flags.model, signal);
  const request = requestOf(model, flags, [...openingOf(flags), { role: "user", content: prompt }]);
  if (flags.json) {
    const answer = await client.chat.completions.create({ ...request, stream: false }, { signal });
    io.stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`);
    return;
  }
  const { isInterrupted } = await streamAnswer(io, client, { request, signal });
  if (isInterrupted) io.setExitCode(exitCodes.interrupted);
}

async function converse(io: CommandIo, client: Muster, { flags, signal }: Asked): Promise<void> {
  if (flags.json)
    throw new MusterError("invalid_request", "--json needs a prompt: give it as words, or pipe it in.");
  const model = await servedModel(client, flags.model, signal);
  io.stderr.write(`Talking to ${model}. /exit leaves, /help says more.\n`);
  await runRepl(
    io,
    (messages, stop) =>
      streamAnswer(io, client, { request: requestOf(model, flags, messages), signal: stop }),
    { opening: openingOf(flags), signal },
  );
}

function openingOf({ system }: ChatFlags): ChatMessage[] {
  return system === undefined ? [] : [{ role: "system", content: system }];
}

function requestOf(model: string, flags: ChatFlags, messages: readonly ChatMessage[]): ChatCompletionRequest {
  return { model, messages, max_tokens: flags.maxTokens, temperature: flags.temperature };
}

async function promptOf(words: readonly string[], io: CommandIo, signal: AbortSignal): Promise<string> {
  const isPiped = words.length === 0 || words.includes("-");
  const piped = isPiped ? (await readAll(io, signal)).trimEnd() : "";
  const prompt = words.length === 0 ? piped : words.map((word) => (word === "-" ? piped : word)).join(" ");
  if (prompt.trim() !== "") return prompt;
  throw new MusterError("invalid_request", "There is no prompt. Give it as words, or pipe it in.");
}

async function readAll(io: CommandIo, signal: AbortSignal): Promise<string> {
  let text = "";
  const leave = () => io.stdin.destroy(new MusterError("cancelled", "Interrupted."));
  signal.addEventListener("abort", leave, { once: true });
  for await (const part of io.stdin.setEncoding("utf8")) {
    text += part;
    if (text.length > longestPromptChars) {
      throw new MusterError(
        "invalid_request",
        `The piped prompt is longer than ${longestPromptChars} characters.`,
      );
    }
  }
  return text;
}
