import { createInterface } from "node:readline";
import { MusterError } from "@muster/base";
import { type ChatMessage, MusterApiError } from "@muster/sdk";
import { type CommandIo, exitCodes } from "./command-io.ts";
import { reportFailure } from "./run-client-command.ts";
import type { Answered } from "./stream-answer.ts";

const historySize = 500;
const help = `/new     forget the conversation
/exit    leave (as Ctrl-D does)
Ctrl-C   stop the answer; without one, leave
`;

/** One turn: streams an answer to the conversation so far. */
export type Turn = (messages: readonly ChatMessage[], signal: AbortSignal) => Promise<Answered>;

/** A conversation on a terminal. `opening` stays at its start: the system prompt, if there is one. */
export async function runRepl(
  io: CommandIo,
  turn: Turn,
  { opening, signal }: { readonly opening: readonly ChatMessage[]; readonly signal: AbortSignal },
): Promise<void> {
  const terminal = createInterface({
    input: io.stdin,
    output: io.stdout,
    terminal: true,
    historySize,
    prompt: "> ",
  });
  let answering: AbortController | undefined;
  const onInterrupt = () => {
    if (answering !== undefined) answering.abort();
    else {
      io.setExitCode(exitCodes.interrupted);
      terminal.close();
    }
  };
  // A terminal in raw mode gives Ctrl-C as a key; the signal comes when another program sends it.
  terminal.on("SIGINT", onInterrupt);
  signal.addEventListener("abort", onInterrupt);
  // Before the first prompt: lines that come earlier would be lost.
  const lines = terminal[Symbol.asyncIterator]();
  let messages = opening;
  try {
    terminal.prompt();
    for await (const line of lines) {
      const question = line.trim();
      if (question === "/exit" || question === "/quit") return;
      if (question === "/new") messages = opening;
      else if (question.startsWith("/")) io.stdout.write(help);
      else if (question !== "") {
        answering = new AbortController();
        messages = await answered(io, turn, { messages, question, signal: answering.signal });
        answering = undefined;
      }
      terminal.prompt();
    }
    io.stdout.write("\n");
  } finally {
    signal.removeEventListener("abort", onInterrupt);
    terminal.close();
  }
}

/** The conversation after a question; as it was where no answer came. */
async function answered(
  io: CommandIo,
  turn: Turn,
  asked: {
    readonly messages: readonly ChatMessage[];
    readonly question: string;
    readonly signal: AbortSignal;
  },
): Promise<readonly ChatMessage[]> {
  const { messages, question, signal } = asked;
  const conversation = [...messages, { role: "user", content: question } as const];
  try {
    const { text } = await turn(conversation, signal);
    return text === "" ? messages : [...conversation, { role: "assistant", content: text }];
  } catch (error) {
    if (!(error instanceof MusterApiError || error instanceof MusterError)) throw error;
    reportFailure(io, error);
    return messages;
  }
}
