import { createReadStream } from "node:fs";
import { MusterError } from "@muster/base";

/** A line that is longer than this is no line of ours; the server takes 1 MiB. */
const longestLineChars = 64 * 1024 * 1024;

/** A file's text as it is read, without a byte order mark. Throws `invalid_request` where it cannot be read, or is not UTF-8. */
export async function* textOfFile(path: string): AsyncGenerator<string, void> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let readBytes = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      yield decoder.decode(chunk, { stream: true });
      readBytes += chunk.byteLength;
    }
    yield decoder.decode();
  } catch (cause) {
    throw cause instanceof TypeError && "code" in cause && cause.code === "ERR_ENCODING_INVALID_ENCODED_DATA"
      ? new MusterError(
          "invalid_request",
          `${path} is not UTF-8 (somewhere after byte ${readBytes.toLocaleString("en-US")}). Save it as UTF-8; in Excel the type is called "CSV UTF-8".`,
          { cause },
        )
      : new MusterError("invalid_request", `Cannot read ${path}: ${messageOf(cause)}.`, { cause });
  }
}

/** The lines of a text without their ends, with their numbers from 1; blank ones are left out. */
export async function* numberedLines(
  text: AsyncIterable<string>,
): AsyncGenerator<{ readonly number: number; readonly text: string }, void> {
  let rest = "";
  let number = 0;
  for await (const piece of text) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > longestLineChars) {
      throw new MusterError("invalid_request", `Line ${number + lines.length + 1} is too long.`);
    }
    for (const line of lines) {
      number += 1;
      if (line.trim() !== "") yield { number, text: line.replace(/\r$/, "") };
    }
  }
  if (rest.trim() !== "") yield { number: number + 1, text: rest.replace(/\r$/, "") };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
}
