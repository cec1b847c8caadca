import { describe, expect, it } from "vitest";
import type { InputFile, InputRow } from "./input-file.ts";
import { checkSettings } from "./request-body.ts";
import { type RequestOptions, requestLines } from "./request-lines.ts";

function inputOf(kind: InputFile["kind"], rows: readonly Partial<InputRow>[], columns?: string[]): InputFile {
  return {
    kind,
    path: `in.${kind}`,
    columns,
    head: columns ?? [],
    delimiter: ",",
    async *rows() {
      for (const [index, row] of rows.entries()) yield { number: index + 1, fields: {}, cells: [], ...row };
    },
  };
}

async function linesOf(input: InputFile, options: Partial<RequestOptions> = {}): Promise<unknown[]> {
  const lines: unknown[] = [];
  const all = { endpoint: "/v1/chat/completions", model: async () => "m", ...options } as const;
  for await (const { json } of requestLines(input, all)) lines.push(JSON.parse(json));
  return lines;
}

const user = (content: string) => ({ role: "user", content });
const line = (number: number, body: object, url = "/v1/chat/completions") => ({
  custom_id: `line-${number}`,
  method: "POST",
  url,
  body,
});

describe("the lines of a batch", () => {
  it("are made of a table by a template, or by its column of prompts", async () => {
    const table = inputOf("csv", [{ fields: { prompt: "Hi", name: "Ada" } }], ["prompt", "name"]);
    expect(await linesOf(table, { prompt: "Hello {name}" })).toEqual([
      line(1, { model: "m", messages: [user("Hello Ada")] }),
    ]);
    expect(await linesOf(table)).toEqual([line(1, { model: "m", messages: [user("Hi")] })]);
  });

  it("need a template where a table has no such column", async () => {
    const table = inputOf("csv", [{ fields: { name: "Ada" } }], ["name"]);
    await expect(linesOf(table)).rejects.toThrow(/no column "prompt".*--prompt "Summarise: \{name\}"/);
  });

  it("are whole lines, bodies or prompts in JSON, with their own ids and models", async () => {
    const input = inputOf("jsonl", [
      {
        json: { custom_id: "a", url: "/v1/chat/completions", body: { model: "own", messages: [user("1")] } },
      },
      { json: { messages: [user("2")], temperature: 1 } },
      { json: { custom_id: "c", prompt: "3", seed: 7 } },
    ]);
    expect(await linesOf(input, { temperature: 0, maxTokens: 9 })).toEqual([
      { ...line(1, { temperature: 0, max_tokens: 9, model: "own", messages: [user("1")] }), custom_id: "a" },
      line(2, { temperature: 1, max_tokens: 9, model: "m", messages: [user("2")] }),
      {
        ...line(3, { temperature: 0, max_tokens: 9, seed: 7, model: "m", messages: [user("3")] }),
        custom_id: "c",
      },
    ]);
  });

  it("do not ask for a model where each has its own", async () => {
    const input = inputOf("jsonl", [{ json: { model: "own", messages: [] } }]);
    const model = () => Promise.reject(new Error("asked"));
    expect(await linesOf(input, { model })).toHaveLength(1);
  });

  it("say how the model is told, unless a line says so itself", async () => {
    const input = inputOf("jsonl", [
      { json: { prompt: "1" } },
      { json: { messages: [{ role: "system", content: "own" }, user("2")] } },
    ]);
    const [first, second] = (await linesOf(input, { system: "Be brief." })) as {
      body: { messages: unknown[] };
    }[];
    expect(first?.body.messages).toEqual([{ role: "system", content: "Be brief." }, user("1")]);
    expect(second?.body.messages).toHaveLength(2);
  });

  it("fit each endpoint", async () => {
    const input = inputOf("text", [{ fields: { text: "x" } }], ["text"]);
    const schema = { type: "object" };
    expect(await linesOf(input, { endpoint: "/v1/completions", maxTokens: 2 })).toEqual([
      line(1, { model: "m", prompt: "x", max_tokens: 2 }, "/v1/completions"),
    ]);
    expect(await linesOf(input, { endpoint: "/v1/embeddings" })).toEqual([
      line(1, { model: "m", input: "x" }, "/v1/embeddings"),
    ]);
    const format = { name: "answer", schema, strict: true };
    expect(await linesOf(input, { endpoint: "/v1/responses", system: "s", maxTokens: 2, schema })).toEqual([
      line(
        1,
        {
          model: "m",
          input: "x",
          instructions: "s",
          max_output_tokens: 2,
          text: { format: { type: "json_schema", ...format } },
        },
        "/v1/responses",
      ),
    ]);
    const [chat] = (await linesOf(input, { schema })) as { body: object }[];
    expect(chat?.body).toMatchObject({ response_format: { type: "json_schema", json_schema: format } });
  });

  it("refuse options that the endpoint has no field for, and ids that are no text", async () => {
    expect(() => checkSettings({ endpoint: "/v1/embeddings", system: "s", temperature: 0 })).toThrow(
      "/v1/embeddings does not take --system or --temperature.",
    );
    expect(() => checkSettings({ endpoint: "/v1/responses", system: "s", schema: {} })).not.toThrow();
    const input = inputOf("jsonl", [{ json: { custom_id: 7, prompt: "x" } }]);
    await expect(linesOf(input)).rejects.toThrow(/in\.jsonl, request 1: its custom_id is no text/);
  });
});
