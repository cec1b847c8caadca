import { printableText } from "@muster/base";
import { AbortedError, type ChatCompletionRequest, type Muster } from "@muster/sdk";
import type { CommandIo } from "./command-io.ts";
import { formatCount, formatDuration, formatRate } from "./format.ts";
import { paint, tableStyle } from "./table.ts";
import { workerIn } from "./worker-in.ts";

export interface Answered {
  readonly text: string;
  readonly isInterrupted: boolean;
}

/**
 * Streams one answer to standard output, whole lines in the end; on a terminal, the model's thoughts come before it,
 * dimmed, and a line about it follows on standard error. Rejects with the SDK's errors, save for the signal: that gives what came until then.
 */
export async function streamAnswer(
  io: CommandIo,
  client: Muster,
  { request, signal }: { readonly request: ChatCompletionRequest; readonly signal: AbortSignal },
): Promise<Answered> {
  const startedMs = performance.now();
  const seen: Seen = {};
  let text = "";
  let isInterrupted = false;
  let isThinking = false;
  try {
    const stream = await client.chat.completions.create(
      { ...request, stream: true, stream_options: { include_usage: true } },
      { signal },
    );
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      seen.worker = workerIn(chunk) ?? seen.worker;
      seen.tokens = chunk.usage?.completion_tokens ?? seen.tokens;
      seen.isCut ||= choice?.finish_reason === "length";
      const piece = choice?.delta.content;
      const thought = choice?.delta.reasoning_content;
      if (piece || thought) seen.firstMs ??= performance.now() - startedMs;
      if (thought && io.isTty) {
        io.stdout.write(paint(printableText(thought), "dim", tableStyle(io)));
        isThinking = true;
      }
      if (!piece) continue;
      if (isThinking) io.stdout.write("\n\n");
      isThinking = false;
      text += piece;
      io.stdout.write(io.isTty ? printableText(piece) : piece);
    }
  } catch (error) {
    if (!(error instanceof AbortedError)) throw error;
    isInterrupted = true;
  } finally {
    if (isThinking || (text !== "" && !text.endsWith("\n"))) io.stdout.write("\n");
  }
  if (io.isTty) {
    const about = [isInterrupted ? "stopped" : "", ...summary(seen, performance.now() - startedMs)];
    io.stderr.write(`${paint(`(${about.filter(Boolean).join(", ")})`, "dim", tableStyle(io))}\n`);
  } else if (seen.isCut) io.stderr.write(`muster: the answer was ${cutOff}\n`);
  return { text, isInterrupted };
}

interface Seen {
  worker?: string | undefined;
  tokens?: number | undefined;
  firstMs?: number | undefined;
  isCut?: boolean | undefined;
}

const cutOff = "cut off: it reached --max-tokens or filled the model's context";

function summary({ worker, tokens, firstMs, isCut }: Seen, tookMs: number): string[] {
  const parts = [`${formatDuration(tookMs)} in all`];
  if (firstMs !== undefined) {
    parts.unshift(`first after ${formatDuration(firstMs)}`);
    // The first token ends the prompt's time: the rate is that of the others.
    if (tokens !== undefined && tokens > 1) {
      parts.unshift(formatRate(((tokens - 1) / Math.max(1, tookMs - firstMs)) * 1_000));
    }
  }
  if (tokens !== undefined) parts.unshift(formatCount(tokens, "token"));
  if (worker !== undefined) parts.unshift(printableText(worker));
  if (isCut) parts.push(cutOff);
  return parts;
}
