import { describe, expect, it } from "vitest";
import { checkInput, InputCheck } from "./input-check.ts";
import { promptFile, promptsOf } from "./prompt-lines.ts";

const line = (id: string, changes: object = {}) =>
  JSON.stringify({
    custom_id: id,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "m", messages: [] },
    ...changes,
  });
const reading = () => ({ signal: new AbortController().signal, onProgress: () => undefined });
const reportOf = (text: string | Blob) =>
  checkInput(typeof text === "string" ? new Blob([text]) : text, reading());

describe("the check of an input file", () => {
  it("counts lines and models, and names the endpoint", async () => {
    const text = `${line("a")}\n\n${line("b", { body: { model: "n" } })}\r\n${line("c")}`;
    expect(await reportOf(text)).toEqual({
      ...{ lines: 3, endpoint: "/v1/chat/completions", problems: [], problemCount: 0 },
      models: [
        { model: "m", lines: 2 },
        { model: "n", lines: 1 },
      ],
    });
  });

  it.each([
    ["no JSON", "{", "not a JSON object"],
    ["a list", "[]", "not a JSON object"],
    ["no id", line("", {}), "“custom_id” is missing"],
    ["another method", line("b", { method: "GET" }), "“method” must be POST"],
    ["a strange address", line("b", { url: "/v1/images" }), "“url” is “/v1/images”"],
    ["no body", line("b", { body: null }), "“body” is missing"],
    ["no model", line("b", { body: {} }), "“body.model” is missing"],
    ["a stream", line("b", { body: { model: "m", stream: true } }), "“body.stream”"],
    ["an id again", line("a"), "the same as in line 1"],
    ["another endpoint", line("b", { url: "/v1/embeddings" }), "must be the same in all lines"],
  ])("says where there is %s", async (_what, bad, says) => {
    const { problems, problemCount } = await reportOf(`${line("a")}\n\n${bad}\n`);
    expect(problemCount).toBe(1);
    expect(problems[0]?.line).toBe(3);
    expect(problems[0]?.says).toContain(says);
  });

  it("shows the first problems and counts all", async () => {
    const { problems, problemCount, lines } = await reportOf("x\n".repeat(1_000));
    expect([problems.length, problemCount, lines]).toEqual([5, 1_000, 1_000]);
  });

  it("refuses what is empty, no text, or a line without an end", async () => {
    expect((await reportOf(" \n\n")).problems[0]?.says).toContain("no line");
    expect((await reportOf(new Blob([new Uint8Array([0xff, 0xfe, 0x00])]))).problems[0]?.says).toContain(
      "UTF-8",
    );
    expect((await reportOf("a".repeat(20_000_000))).problems[0]?.says).toContain("megabytes");
  });

  it("measures long lines in bytes", () => {
    const check = new InputCheck();
    check.add(line("a", { body: { model: "m", text: "ä".repeat(524_288) } }));
    expect(check.report().problems[0]?.says).toContain("1 MiB");
  });

  it("ends when it is told to", async () => {
    const controller = new AbortController();
    controller.abort();
    await expect(checkInput(new Blob(["a"]), { ...reading(), signal: controller.signal })).rejects.toThrow();
  });
});

describe("prompts that are pasted", () => {
  it("become lines that are good, whatever is in them", async () => {
    const text = 'Why is "the" sky\\blue?\r\n\n  漢字 \n';
    expect(promptsOf(text)).toEqual(['Why is "the" sky\\blue?', "漢字"]);
    const file = promptFile({ text, model: "m", system: "Be short.", maxTokens: "64" });
    expect(JSON.parse(file.split("\n")[1] ?? "")).toEqual({
      ...{ custom_id: "line-2", method: "POST", url: "/v1/chat/completions" },
      body: {
        model: "m",
        messages: [
          { role: "system", content: "Be short." },
          { role: "user", content: "漢字" },
        ],
        max_tokens: 64,
      },
    });
    expect((await reportOf(file)).problemCount).toBe(0);
  });
});
