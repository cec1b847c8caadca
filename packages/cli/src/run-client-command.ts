import { MusterError, printableText } from "@muster/base";
import {
  AbortedError,
  AuthenticationError,
  ConnectionError,
  MusterApiError,
  NotFoundError,
  RateLimitError,
  StreamError,
  TimeoutError,
} from "@muster/sdk";
import { type CommandIo, exitCodes } from "./command-io.ts";

/**
 * Runs what a command does with a client. What goes wrong becomes a line on standard error, a hint under it and an exit
 * code; a bug of our own is thrown on. Ctrl-C fires `signal`.
 */
export async function runClientCommand(
  io: CommandIo,
  run: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupt = new AbortController();
  const stopListening = io.onInterrupt?.(() => interrupt.abort());
  try {
    await run(interrupt.signal);
  } catch (error) {
    io.setExitCode(reportFailure(io, error));
  } finally {
    stopListening?.();
  }
}

/** What limits of keys say, which have nothing to do with slots. */
const limitCodes = new Set(["rate_limit_exceeded", "insufficient_quota"]);

/** Says what went wrong; gives the exit code for it. */
export function reportFailure(io: Pick<CommandIo, "stderr">, error: unknown): number {
  if (error instanceof AbortedError) return exitCodes.interrupted;
  if (error instanceof MusterError && error.code === "cancelled") return exitCodes.interrupted;
  if (!(error instanceof MusterError || error instanceof MusterApiError)) throw error;
  io.stderr.write(`muster: ${printableText(error.message)}\n`);
  const hint = hintFor(error);
  if (hint !== undefined) io.stderr.write(`  ${hint}\n`);
  if (error instanceof ConnectionError) return exitCodes.unreachable;
  if (error instanceof MusterError && error.code === "invalid_request") return exitCodes.usage;
  return exitCodes.failure;
}

function hintFor(error: MusterError | MusterApiError): string | undefined {
  if (error instanceof ConnectionError && error.headers === undefined) {
    return "Start it with `muster up`, or say where it is: --url or MUSTER_BASE_URL.";
  }
  if (error instanceof AuthenticationError) return "Set MUSTER_API_KEY, or give --key.";
  if (error instanceof NotFoundError && error.code === "model_not_found")
    return "`muster models` lists what is served.";
  if (error instanceof RateLimitError && limitCodes.has(error.code ?? ""))
    return "`muster usage` shows what was used.";
  if (error instanceof RateLimitError)
    return "Every slot is taken. `muster workers` shows by what; try again later.";
  if (error instanceof StreamError) return "The answer above is not complete. Ask again.";
  if (error instanceof TimeoutError) return "`muster workers` shows whether the fleet is alive.";
  return undefined;
}
