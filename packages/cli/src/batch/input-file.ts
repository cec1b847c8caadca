import { extname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MusterError } from "@muster/base";
import { CsvError, parse } from "csv-parse";
import { type Delimiter, delimiterOf } from "./csv-text.ts";
import { numberedLines, textOfFile } from "./text-of-file.ts";

export interface InputRow {
  /** From 1; blank lines and a table's head do not count. */
  readonly number: number;
  /** What a prompt's template can name. */
  readonly fields: Readonly<Record<string, string>>;
  /** What a table keeps of it. */
  readonly cells: readonly string[];
  /** The object of a line of JSON. */
  readonly json?: Readonly<Record<string, unknown>>;
}

export interface InputFile {
  readonly kind: "csv" | "text" | "jsonl";
  readonly path: string;
  /** What `{...}` in a prompt can name; undefined where each line has its own. */
  readonly columns: readonly string[] | undefined;
  /** The names of a row's cells. */
  readonly head: readonly string[];
  readonly delimiter: Delimiter;
  /** Reads the file, each time anew. Throws `invalid_request` with the place where something is wrong. */
  rows(): AsyncIterable<InputRow>;
}

const kinds: Readonly<Record<string, InputFile["kind"]>> = {
  ".csv": "csv",
  ".tsv": "csv",
  ".txt": "text",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
};

/** Looks at a file's name, and at a table's head. Throws `invalid_request` for what cannot be read. */
export async function openInput(path: string): Promise<InputFile> {
  const kind = kinds[extname(path).toLowerCase()];
  if (kind === undefined) {
    throw new MusterError(
      "invalid_request",
      `The name of ${path} does not say what is in it. It ends in .jsonl (a request in each line), .csv or .tsv (a table with a head) or .txt (a prompt in each line).`,
    );
  }
  switch (kind) {
    case "csv":
      return openTable(path);
    case "text":
      return {
        kind,
        path,
        columns: ["text", "line", "number"],
        head: ["text"],
        delimiter: ",",
        rows: () => textRows(path),
      };
    case "jsonl":
      return { kind, path, columns: undefined, head: [], delimiter: ",", rows: () => jsonRows(path) };
  }
}

async function openTable(path: string): Promise<InputFile> {
  let start = "";
  for await (const piece of textOfFile(path)) {
    start += piece;
    if (start.length > 0) break;
  }
  const delimiter = delimiterOf(start);
  let head: readonly string[] | undefined;
  for await (const record of records(path, delimiter)) {
    head = record.map((name) => name.trim());
    break;
  }
  if (head === undefined) throw new MusterError("invalid_request", `${path} is empty: it has no head.`);
  const names = head.filter((name) => name !== "");
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new MusterError("invalid_request", `${path} has two columns "${twice}". Rename one.`);
  }
  return {
    kind: "csv",
    path,
    columns: names,
    head,
    delimiter,
    rows: () => tableRows(path, { head, delimiter }),
  };
}

async function* tableRows(
  path: string,
  { head, delimiter }: { readonly head: readonly string[]; readonly delimiter: Delimiter },
): AsyncGenerator<InputRow, void> {
  let number = 0;
  let isHead = true;
  for await (const cells of records(path, delimiter)) {
    if (isHead) {
      isHead = false;
      continue;
    }
    number += 1;
    const fields = Object.fromEntries(head.map((name, column) => [name, cells[column] ?? ""]));
    yield { number, fields, cells };
  }
}

async function* records(path: string, delimiter: Delimiter): AsyncGenerator<readonly string[], void> {
  const parser = parse({ delimiter, skip_empty_lines: true });
  const reading = pipeline(Readable.from(textOfFile(path)), parser);
  // Whoever reads the parser hears of it too.
  reading.catch(() => {});
  try {
    for await (const record of parser) yield record;
  } catch (error) {
    throw error instanceof CsvError
      ? new MusterError("invalid_request", `${path} is no good table: ${error.message}.`, { cause: error })
      : error;
  }
}

async function* textRows(path: string): AsyncGenerator<InputRow, void> {
  let number = 0;
  for await (const { text } of numberedLines(textOfFile(path))) {
    number += 1;
    yield { number, fields: { text, line: text, number: String(number) }, cells: [text] };
  }
}

async function* jsonRows(path: string): AsyncGenerator<InputRow, void> {
  let number = 0;
  for await (const line of numberedLines(textOfFile(path))) {
    number += 1;
    const json = parsed(line.text);
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw new MusterError(
        "invalid_request",
        `${path}, line ${line.number}: this is no JSON object. Each line is one: a line of a batch, a request's body or {"prompt": "..."}.`,
      );
    }
    yield { number, json: json as InputRow["json"] & object, fields: textFields(json), cells: [] };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function textFields(json: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(json).flatMap(([name, value]) =>
      typeof value === "object" ? [] : [[name, String(value)] as const],
    ),
  );
}
