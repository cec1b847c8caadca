import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The model that comes with Muster: trained to answer a few things right, so that tests can ask for answers. */
export const builtInModelPath = fileURLToPath(
  new URL("../../packages/models/built-in/tiny-gemma.gguf", import.meta.url),
);

export interface KnownAnswer {
  readonly name: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly expected: {
    readonly content?: string;
    readonly reasoning_content?: string;
    readonly json?: unknown;
    readonly tool_calls?: readonly { readonly name: string; readonly arguments: unknown }[];
  };
}

/** What the built-in model was trained to answer, and is checked to answer, at temperature 0. */
export function knownAnswers(): readonly KnownAnswer[] {
  const file = new URL("../../tools/tiny-gemma/answers.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as KnownAnswer[];
}
