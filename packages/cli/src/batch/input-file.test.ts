import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type InputRow, openInput } from "./input-file.ts";

async function fileOf(name: string, content: string | Uint8Array): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "muster-cli-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

async function rowsOf(name: string, content: string | Uint8Array): Promise<InputRow[]> {
  const input = await openInput(await fileOf(name, content));
  const rows: InputRow[] = [];
  for await (const row of input.rows()) rows.push(row);
  return rows;
}

describe("a table", () => {
  it("gives its rows with quotes, line ends in cells, blank lines and a byte order mark", async () => {
    const rows = await rowsOf("a.csv", '\ufeffid,text\r\n1,"two\nlines, ""quoted"""\r\n\r\n2,\r\n');
    expect(rows).toEqual([
      { number: 1, fields: { id: "1", text: 'two\nlines, "quoted"' }, cells: ["1", 'two\nlines, "quoted"'] },
      { number: 2, fields: { id: "2", text: "" }, cells: ["2", ""] },
    ]);
  });

  it("knows its columns and its delimiter, and that of a file of tabs", async () => {
    const input = await openInput(await fileOf("a.csv", "first name;age;\nAda;36;x\n"));
    expect(input).toMatchObject({
      columns: ["first name", "age"],
      head: ["first name", "age", ""],
      delimiter: ";",
    });
    expect((await rowsOf("a.tsv", "a\tb\n1\t2\n"))[0]?.fields).toEqual({ a: "1", b: "2" });
  });

  it.each([
    ["a.csv", "", /is empty: it has no head/],
    ["a.csv", "a,b,a\n1,2,3\n", /two columns "a"/],
    ["a.csv", "a,b\n1,2\n1,2,3\n", /no good table: .*line 3/],
    ["a.csv", 'a,b\n1,"2\n', /no good table: .*[Qq]uote/],
    ["a.csv", Buffer.from("a,b\nM\xfcller,2\n", "latin1"), /is not UTF-8 .*Save it as UTF-8/],
    ["a.doc", "x", /does not say what is in it.*\.jsonl/],
    ["a.jsonl", '{"a":1}\n\n[1]\n', /a\.jsonl, line 3: this is no JSON object/],
    ["a.jsonl", "{\n", /line 1: this is no JSON object/],
  ])("or another file says what is wrong with it: %s %j", async (name, content, message) => {
    await expect(rowsOf(name, content)).rejects.toThrow(message);
  });

  it("that is not there is named", async () => {
    await expect(openInput("/nowhere/a.csv")).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(/^Cannot read \/nowhere\/a\.csv: ENOENT/),
    });
  });
});

describe("a text", () => {
  it("gives its lines but the blank ones", async () => {
    const rows = await rowsOf("a.txt", "one\r\n  \n\n two \nthree");
    expect(rows.map(({ number, cells }) => [number, ...cells])).toEqual([
      [1, "one"],
      [2, " two "],
      [3, "three"],
    ]);
    expect(rows[2]?.fields).toEqual({ text: "three", line: "three", number: "3" });
  });
});

describe("JSON Lines", () => {
  it("give objects, whose plain fields a prompt can name", async () => {
    const [row] = await rowsOf("a.jsonl", '{"title":"A","year":1999,"tags":["x"]}\n');
    expect(row).toMatchObject({ json: { tags: ["x"] }, fields: { title: "A", year: "1999" } });
  });
});
