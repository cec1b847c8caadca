import type { BatchEndpoint } from "@muster/sdk";

const batchEndpoints: readonly BatchEndpoint[] = [
  "/v1/chat/completions",
  "/v1/completions",
  "/v1/embeddings",
  "/v1/responses",
];

export interface LineProblem {
  /** From 1; undefined: about the file. */
  readonly line: number | undefined;
  readonly says: string;
}

/** What a file of requests looks like from here. The server checks more: what the models can do, and what the key may. */
export interface InputReport {
  readonly lines: number;
  readonly endpoint: BatchEndpoint | undefined;
  readonly models: readonly { readonly model: string; readonly lines: number }[];
  /** The first of them. */
  readonly problems: readonly LineProblem[];
  readonly problemCount: number;
}

const maxProblemsShown = 5;
const maxModelsCounted = 50;
const maxLineBytes = 1024 * 1024;
const maxCustomIdChars = 512;

/** Looks at the lines of a batch's input, one after another. */
export class InputCheck {
  readonly #encoder = new TextEncoder();
  readonly #ids = new Map<string, number>();
  readonly #models = new Map<string, number>();
  readonly #problems: LineProblem[] = [];
  #problemCount = 0;
  #endpoint: BatchEndpoint | undefined;
  #lines = 0;
  #number = 0;

  add(text: string): void {
    this.#number += 1;
    if (text.trim() === "") return;
    this.#lines += 1;
    const problem = this.#problemOf(text);
    if (problem !== undefined) this.refuse(problem, this.#number);
  }

  refuse(says: string, line?: number): void {
    this.#problemCount += 1;
    if (this.#problems.length < maxProblemsShown) this.#problems.push({ line, says });
  }

  report(): InputReport {
    const isEmpty = this.#lines === 0 && this.#problemCount === 0;
    const nothing = { line: undefined, says: "There is no line in this file." };
    return {
      lines: this.#lines,
      endpoint: this.#endpoint,
      models: [...this.#models].map(([model, lines]) => ({ model, lines })),
      problems: isEmpty ? [nothing] : this.#problems,
      problemCount: isEmpty ? 1 : this.#problemCount,
    };
  }

  #problemOf(text: string): string | undefined {
    // Three bytes for a letter are the most: most lines need not be encoded for their length.
    if (text.length * 3 > maxLineBytes && this.#encoder.encode(text).length > maxLineBytes)
      return "The line is longer than 1 MiB.";
    const line = recordOf(text);
    if (line === undefined) return "This is not a JSON object.";
    return (
      this.#idProblem(line["custom_id"]) ?? this.#addressProblem(line) ?? this.#bodyProblem(line["body"])
    );
  }

  #idProblem(id: unknown): string | undefined {
    if (typeof id !== "string" || id === "")
      return "“custom_id” is missing: give each line an id of its own.";
    if (id.length > maxCustomIdChars) return `“custom_id” is longer than ${maxCustomIdChars} characters.`;
    const earlier = this.#ids.get(id);
    if (earlier !== undefined) return `“custom_id” is the same as in line ${earlier}: “${shortened(id)}”.`;
    this.#ids.set(id, this.#number);
    return undefined;
  }

  #addressProblem({ method, url }: Readonly<Record<string, unknown>>): string | undefined {
    if (method !== undefined && method !== "POST") return "“method” must be POST.";
    const endpoint = batchEndpoints.find((known) => known === url);
    if (endpoint === undefined)
      return `“url” is ${url === undefined ? "missing" : `“${shortened(String(url))}”`}: write one of ${batchEndpoints.join(", ")}.`;
    this.#endpoint ??= endpoint;
    if (endpoint !== this.#endpoint)
      return `“url” must be the same in all lines: ${this.#endpoint} was first.`;
    return undefined;
  }

  #bodyProblem(body: unknown): string | undefined {
    if (!isRecord(body)) return "“body” is missing: it holds the request.";
    const { model, stream } = body;
    if (typeof model !== "string" || model === "") return "“body.model” is missing: say which model answers.";
    if (stream === true) return "“body.stream” has no sense in a batch: leave it out.";
    if (this.#models.size < maxModelsCounted || this.#models.has(model))
      this.#models.set(model, (this.#models.get(model) ?? 0) + 1);
    return undefined;
  }
}

/** Lines longer than this are not collected: their file is not one of requests. */
const maxRestChars = 8 * 1024 * 1024;

interface Reading {
  readonly signal: AbortSignal;
  /** 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** Reads a file from end to end, piece by piece, and says what is in it. Throws when `signal` fires. */
export async function checkInput(file: Blob, { signal, onProgress }: Reading): Promise<InputReport> {
  const check = new InputCheck();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = file.stream().getReader();
  let rest = "";
  let doneBytes = 0;
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      if (done) break;
      doneBytes += value.length;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) check.add(line);
      if (rest.length > maxRestChars) {
        check.refuse("A line goes on for megabytes. Is this a file of JSON Lines?");
        return check.report();
      }
      onProgress(file.size === 0 ? 1 : doneBytes / file.size);
    }
    rest += decoder.decode();
    if (rest !== "") check.add(rest);
  } catch (error) {
    if (signal.aborted) throw error;
    check.refuse(
      error instanceof TypeError
        ? "The file is not text in UTF-8."
        : "The file could not be read to its end.",
    );
  } finally {
    void reader.cancel().catch(() => undefined);
  }
  return check.report();
}

function recordOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
