import { describe, expect, it } from "vitest";
import type { BatchEndpoint } from "../../core/batches/batch.ts";
import { ingest, line } from "./ingest.fixture.ts";
import type { IngestLimits } from "./ingest.ts";

interface BadInput {
  readonly what: string;
  readonly content: string | Uint8Array;
  readonly code: string;
  /** Undefined: the error is about the file. */
  readonly line: number | undefined;
  readonly param?: string;
  readonly says?: string;
  readonly endpoint?: BatchEndpoint;
  readonly limits?: Partial<IngestLimits>;
}

const good = line("good");
const chat = (body: Readonly<Record<string, unknown>>) =>
  line("bad", { body: { model: "chat", messages: [{ role: "user", content: "x" }], ...body } });
const embedding = (body: Readonly<Record<string, unknown>>) =>
  line("bad", { url: "/v1/embeddings", body: { model: "vectors", input: "x", ...body } });
const bytes = (...values: readonly number[]) => Buffer.from(values);
const invalid = { code: "invalid_json_line", line: 2 };

const table: readonly BadInput[] = [
  { what: "nothing", content: "", code: "empty_file", line: undefined },
  { what: "only line ends", content: "\n\r\n\n", code: "empty_file", line: undefined },
  { what: "only spaces", content: "   \n\t\n", code: "empty_file", line: undefined },
  { what: "text that is no JSON", content: `${good}\nhello\n`, ...invalid },
  { what: "half an object", content: `${good}\n{"custom_id": "x",\n`, ...invalid },
  { what: "an object over two lines", content: `${good}\n{"custom_id": "x"\n}`, ...invalid },
  { what: "two objects on a line", content: `${good}\n${line("a")}${line("b")}`, ...invalid },
  { what: "a list", content: `${good}\n[${line("a")}]`, ...invalid, says: "object" },
  { what: "a number", content: `${good}\n1`, ...invalid, says: "object" },
  { what: "null", content: `${good}\nnull`, ...invalid, says: "object" },
  {
    what: "a byte order mark",
    content: `\ufeff${line("a")}`,
    code: "invalid_json_line",
    line: 1,
    says: "byte order mark",
  },
  {
    what: "UTF-16, as Windows writes it",
    content: Buffer.from(`\ufeff${line("a")}`, "utf16le"),
    code: "invalid_json_line",
    line: 1,
    says: "UTF-16",
  },
  {
    what: "UTF-16 of the other kind",
    content: Buffer.concat([bytes(0xfe, 0xff), Buffer.from(line("a"), "utf16le").swap16()]),
    code: "invalid_json_line",
    line: 1,
    says: "UTF-16",
  },
  {
    what: "UTF-16 without a mark",
    content: Buffer.from(line("a"), "utf16le"),
    code: "invalid_json_line",
    line: 1,
    says: "NUL",
  },
  {
    what: "a NUL in a text",
    content: `${good}\n${line("a").replace("hello", "he\0llo")}`,
    ...invalid,
    says: "NUL",
  },
  {
    what: "a byte that is no UTF-8",
    content: Buffer.concat([
      Buffer.from(`${good}\n${line("a").slice(0, -3)}`),
      bytes(0xff),
      Buffer.from('"}]}}'),
    ]),
    ...invalid,
    says: "UTF-8",
  },
  {
    what: "a character that is cut off",
    content: Buffer.concat([
      Buffer.from(`${good}\n{"custom_id":"`),
      bytes(0xf0, 0x9f, 0x98),
      Buffer.from('"}'),
    ]),
    ...invalid,
    says: "UTF-8",
  },
  {
    what: "a surrogate in UTF-8",
    content: Buffer.concat([Buffer.from(`${good}\n"`), bytes(0xed, 0xa0, 0x80, 0x22)]),
    ...invalid,
    says: "UTF-8",
  },
  {
    what: "no custom_id",
    content: `${good}\n${line(undefined)}`,
    code: "missing_custom_id",
    line: 2,
    param: "custom_id",
  },
  {
    what: "a custom_id of null",
    content: line(null),
    code: "missing_custom_id",
    line: 1,
    param: "custom_id",
  },
  { what: "an empty custom_id", content: line(""), code: "missing_custom_id", line: 1, param: "custom_id" },
  { what: "a number as custom_id", content: line(7), code: "invalid_custom_id", line: 1, param: "custom_id" },
  {
    what: "a long custom_id",
    content: line("x".repeat(513)),
    code: "invalid_custom_id",
    line: 1,
    param: "custom_id",
  },
  {
    what: "a custom_id that comes twice",
    content: [line("a"), line("b"), "", line("a")].join("\n"),
    code: "duplicate_custom_id",
    line: 4,
    param: "custom_id",
  },
  {
    what: "a custom_id that comes twice, once in escapes",
    content: `${line("é")}\n${line("e").replace('"e"', '"\\u00e9"')}`,
    code: "duplicate_custom_id",
    line: 2,
  },
  {
    what: "no method",
    content: line("a", { method: undefined }),
    code: "invalid_method",
    line: 1,
    param: "method",
  },
  { what: "GET", content: line("a", { method: "GET" }), code: "invalid_method", line: 1, param: "method" },
  { what: "post in small letters", content: line("a", { method: "post" }), code: "invalid_method", line: 1 },
  { what: "no url", content: line("a", { url: undefined }), code: "url_mismatch", line: 1, param: "url" },
  {
    what: "another url",
    content: line("a", { url: "/v1/embeddings" }),
    code: "url_mismatch",
    line: 1,
    says: "/v1/embeddings",
  },
  {
    what: "a url with a host",
    content: line("a", { url: "https://api.openai.com/v1/chat/completions" }),
    code: "url_mismatch",
    line: 1,
  },
  {
    what: "no body",
    content: line("a", { body: undefined }),
    code: "invalid_request",
    line: 1,
    param: "body",
  },
  {
    what: "a text as body",
    content: line("a", { body: "{}" }),
    code: "invalid_request",
    line: 1,
    param: "body",
  },
  {
    what: "a list as body",
    content: line("a", { body: [] }),
    code: "invalid_request",
    line: 1,
    param: "body",
  },
  {
    what: "an empty body",
    content: line("a", { body: {} }),
    code: "invalid_request",
    line: 1,
    param: "model",
  },
  {
    what: "no messages",
    content: chat({ messages: [] }),
    code: "invalid_request",
    line: 1,
    param: "messages",
  },
  {
    what: "an unknown role",
    content: chat({ messages: [{ role: "wizard", content: "x" }] }),
    code: "invalid_request",
    line: 1,
    param: "messages[0].role",
  },
  {
    what: "a text as temperature",
    content: chat({ temperature: "hot" }),
    code: "invalid_request",
    line: 1,
    param: "temperature",
  },
  { what: "a stream", content: chat({ stream: true }), code: "invalid_request", line: 1, param: "stream" },
  {
    what: "tools of the form of 2023",
    content: chat({ functions: [{}] }),
    code: "unsupported",
    line: 1,
    param: "functions",
  },
  {
    what: "a body that is too deep",
    content: chat({ metadata: JSON.parse(`${"[".repeat(300)}${"]".repeat(300)}`) }),
    code: "invalid_request",
    line: 1,
    says: "nested",
  },
  {
    what: "a model that is not served",
    content: chat({ model: "gpt-4" }),
    code: "model_not_found",
    line: 1,
    param: "model",
    says: "chat, small, vectors",
  },
  {
    what: "what no replica can do",
    content: chat({ response_format: { type: "json_object" } }),
    code: "unsupported",
    line: 1,
    param: "response_format",
  },
  {
    what: "a chat with a model for vectors",
    content: chat({ model: "vectors" }),
    code: "unsupported",
    line: 1,
    param: "model",
  },
  {
    what: "nothing to embed",
    content: embedding({ input: [] }),
    code: "invalid_request",
    line: 1,
    param: "input",
    endpoint: "/v1/embeddings",
  },
  {
    what: "token ids to embed",
    content: embedding({ input: [1, 2] }),
    code: "invalid_request",
    line: 1,
    param: "input[0]",
    endpoint: "/v1/embeddings",
  },
  {
    what: "a response that needs a memory",
    content: line("a", {
      url: "/v1/responses",
      body: { model: "chat", input: "x", previous_response_id: "resp_1" },
    }),
    code: "unsupported",
    line: 1,
    param: "previous_response_id",
    endpoint: "/v1/responses",
  },
  {
    what: "a format that the words of responses name otherwise",
    content: line("a", {
      url: "/v1/responses",
      body: { model: "chat", input: "x", text: { format: { type: "json_object" } } },
    }),
    code: "unsupported",
    line: 1,
    param: "text.format",
    endpoint: "/v1/responses",
  },
  {
    what: "a suffix",
    content: line("a", { url: "/v1/completions", body: { model: "chat", prompt: "a", suffix: "b" } }),
    code: "unsupported",
    line: 1,
    param: "suffix",
    endpoint: "/v1/completions",
  },
  {
    what: "a line that is too long",
    content: `${good}\n${line("x".repeat(300))}\n`,
    code: "line_too_long",
    line: 2,
    limits: { maxLineBytes: 256 },
  },
  {
    what: "too many lines",
    content: [line("a"), line("b"), "", line("c")].join("\n"),
    code: "too_many_tasks",
    line: 4,
    limits: { maxLines: 2 },
  },
];

describe("bad input of a batch", () => {
  it.each(table)(
    "is refused with its line: $what",
    async ({ content, code, line: at, param, says = "", ...asked }) => {
      const { outcome, entries } = await ingest(content, asked);
      if (outcome.kind !== "failed") throw new Error("It was taken for good.");
      const [error] = outcome.errors;
      expect({ code: error?.code, line: error?.line }).toEqual({ code, line: at });
      if (param !== undefined) expect(error?.param).toBe(param);
      expect(error?.message).toContain(says);
      expect(entries).toBeUndefined();
    },
  );

  it("is told of up to 100 times, and counted to the end", async () => {
    const lines = Array.from({ length: 250 }, (_none, index) => (index === 120 ? good : `broken ${index}`));
    const { outcome } = await ingest(lines.join("\n"));
    if (outcome.kind !== "failed") throw new Error("It was taken for good.");
    expect(outcome.errors).toHaveLength(100);
    expect(outcome.errorCount).toBe(249);
    expect(outcome.errors.map(({ line: at }) => at)).toEqual(
      Array.from({ length: 100 }, (_none, index) => index + 1),
    );
  });

  it("of every kind in one file is told of line by line", async () => {
    const content = [line("a"), "x", line("a"), line("b", { method: "GET" }), line("c")].join("\r\n");
    const { outcome } = await ingest(content);
    if (outcome.kind !== "failed") throw new Error("It was taken for good.");
    expect(outcome.errors.map(({ code, line: at }) => [code, at])).toEqual([
      ["invalid_json_line", 2],
      ["duplicate_custom_id", 3],
      ["invalid_method", 4],
    ]);
  });
});
