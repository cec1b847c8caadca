/** A line that has no answer, and why. */
export interface FailedLine {
  readonly customId: string;
  readonly status: number | undefined;
  readonly code: string;
  readonly says: string;
}

interface ErrorFields {
  readonly code?: unknown;
  readonly message?: unknown;
}

interface ErrorFileLine {
  readonly custom_id?: unknown;
  readonly response?: {
    readonly status_code?: unknown;
    readonly body?: { readonly error?: ErrorFields | null } | null;
  } | null;
  readonly error?: ErrorFields | null;
}

/** Enough for the lines that are shown, whatever is in them. */
const maxReadChars = 4 * 1024 * 1024;

/** The first lines of an error file; the rest of it is not fetched. */
export async function firstFailedLines(
  body: ReadableStream<Uint8Array>,
  count: number,
): Promise<readonly FailedLine[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length < maxReadChars) {
      const { done, value } = await reader.read();
      if (done) return linesIn(`${text}\n`, count);
      text += decoder.decode(value, { stream: true });
      if (text.split("\n", count + 1).length > count) break;
    }
    return linesIn(text, count);
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** The last piece has no end yet, and is no line. */
function linesIn(text: string, count: number): readonly FailedLine[] {
  return text
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.trim() !== "")
    .slice(0, count)
    .map(failedLineOf);
}

export function failedLineOf(text: string): FailedLine {
  const line = parsed(text);
  const { response } = line;
  const error = line.error ?? response?.body?.error;
  return {
    customId: typeof line.custom_id === "string" ? line.custom_id : "?",
    status: typeof response?.status_code === "number" ? response.status_code : undefined,
    code: typeof error?.code === "string" ? error.code : "",
    says: typeof error?.message === "string" ? error.message : "The file does not say why.",
  };
}

function parsed(text: string): ErrorFileLine {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
