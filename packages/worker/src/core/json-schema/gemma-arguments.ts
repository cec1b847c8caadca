import { MusterError } from "@muster/base";

/** Turns Gemma's argument syntax into JSON text, piece by piece: what `push` gives adds up to one JSON object. */
export interface GemmaArgumentsReader {
  /** Throws `engine_failed` at the first character that cannot be. */
  push(text: string): string;
  /** Whether the object has been closed. */
  readonly isComplete: boolean;
}

export function createGemmaArgumentsReader(): GemmaArgumentsReader {
  throw new MusterError("unsupported", "not there yet");
}

/** The JSON text of complete arguments. Throws `engine_failed`. */
export function parseGemmaArguments(text: string): string {
  const reader = createGemmaArgumentsReader();
  const json = reader.push(text);
  if (!reader.isComplete)
    throw new MusterError("engine_failed", "The arguments of a tool call end too early.");
  return json;
}
