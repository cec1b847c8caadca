import { describe, expect, it } from "vitest";
import { mergedResults } from "./merged-results.ts";

async function* each<T>(items: readonly T[]): AsyncGenerator<T, void> {
  yield* items;
}

const answered = (id: string) =>
  JSON.stringify({
    custom_id: id,
    response: { status_code: 200, body: { choices: [{ text: `answer ${id}` }] } },
    error: null,
  });
const failed = (id: string) =>
  JSON.stringify({ custom_id: id, response: null, error: { code: "batch_expired", message: "Late." } });

async function merged(ids: readonly string[], output: readonly string[], errors: readonly string[]) {
  const rows: string[] = [];
  const results = { endpoint: "/v1/completions", output: each(output), errors: each(errors) } as const;
  for await (const { row, answer } of mergedResults(each(ids.map((customId) => ({ customId }))), results)) {
    rows.push(`${row.customId}: ${answer.text}${answer.error}`);
  }
  return rows;
}

describe("results beside their rows", () => {
  it("keep the order of the rows, from either file", async () => {
    expect(
      await merged(["a", "b", "c", "d"], [answered("b"), answered("d")], [failed("a"), failed("c")]),
    ).toEqual(["a: batch_expired: Late.", "b: answer b", "c: batch_expired: Late.", "d: answer d"]);
  });

  it("are refused where they are those of another input", async () => {
    await expect(merged(["a", "x"], [answered("a")], [])).rejects.toThrow(
      /not that of the batch: "x" has no result/,
    );
    await expect(merged(["a"], [answered("a"), answered("b")], [])).rejects.toThrow(/"b" has no line/);
  });
});
