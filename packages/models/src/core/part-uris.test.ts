import { describe, expect, it } from "vitest";
import { modelSources } from "./part-uris.ts";

describe("modelSources", () => {
  it.each([
    ["hf:o/r/a.gguf", ["hf:o/r/a.gguf@main"]],
    [
      "hf:o/r/a-00002-of-00002.gguf@v1",
      ["hf:o/r/a-00001-of-00002.gguf@v1", "hf:o/r/a-00002-of-00002.gguf@v1"],
    ],
    ["https://h.example/m/a.gguf?x=1#y", ["https://h.example/m/a.gguf?x=1"]],
    ["local:a.gguf", ["local:a.gguf"]],
  ])("names the files of %s", (uri, sources) => {
    expect(modelSources(uri)).toEqual(sources);
  });

  it.each([
    "/models/a.gguf",
    "file:///models/a.gguf",
    "builtin:tiny-gemma",
    "stub:a",
    "openai:http://127.0.0.1:1/v1",
    "local:../a.gguf",
    "",
    "ftp://a",
  ])("knows no file of a hub in %j", (uri) => {
    expect(modelSources(uri)).toEqual([]);
  });
});
