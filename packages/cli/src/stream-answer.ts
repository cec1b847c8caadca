import { AbortedError, type ChatCompletionRequest, type Muster, type Usage } from "@muster/sdk";
import type { CommandIo } from "./command-io.ts";
import { formatCount, formatDuration, formatRate, printable } from "./format.ts";
import { paint, tableStyle } from "./table.ts";

export interface Answered {
  readonly text: string;
  readonly isInterrupted: boolean;
}

/**
 * Streams one answer to standard output, whole lines in the end; on a terminal, a line about it follows on standard
 * error. Rejects with the SDK's errors, save for the signal: that gives what came until then.
 */
export async function streamAnswer(
  io: CommandIo,
  client: Muster,
  { request, signal }: { readonly request: ChatCompletionRequest; readonly signal: AbortSignal },
): Promise<Answered> {
  const startedMs = performance.now();
  let firstMs: number | undefined;
  let text = "";
  let isInterrupted = false;
  let usage: Usage | undefined;
  let worker: string | undefined;
  let isCut = false;
  try {
    const stream = await client.chat.completions.create(
      { ...request, stream: true, stream_options: { include_usage: true } },
      { signal },
    );
    for await (const chunk of stream) {
      const [choice] = chunk.choices;
      worker = chunk.system_fingerprint?.replace(/^muster-/, "") ?? worker;
      usage = chunk.usage ?? usage;
      if (choice?.finish_reason === "length") isCut = true;
      const piece = choice?.delta.content;
      if (!piece) continue;
      firstMs ??= performance.now() - startedMs;
      text += piece;
      io.stdout.write(io.isTty ? printable(piece) : piece);
    }
  } catch (error) {
    if (!(error instanceof AbortedError)) throw error;
    isInterrupted = true;
  } finally {
    if (text !== "" && !text.endsWith("\n")) io.stdout.write("\n");
  }
  if (io.isTty) {
    const tokens = usage?.completion_tokens;
    const parts = [
      isInterrupted ? "stopped" : undefined,
      worker === undefined ? undefined : printable(worker),
      tokens === undefined ? undefined : formatCount(tokens, "token"),
      tokens === undefined || firstMs === undefined || tokens < 2
        ? undefined
        : formatRate(((tokens - 1) / Math.max(1, performance.now() - startedMs - firstMs)) * 1_000),
      firstMs === undefined ? undefined : `first after ${formatDuration(firstMs)}`,
      isCut ? "cut off: raise --max-tokens, or the model's context is full" : undefined,
    ].filter((part) => part !== undefined);
    io.stderr.write(`${paint(`(${parts.join(", ")})`, "dim", tableStyle(io))}\n`);
  } else if (isCut)
    io.stderr.write("muster: the answer was cut off: --max-tokens, or the model's context, was used up\n");
  return { text, isInterrupted };
}
