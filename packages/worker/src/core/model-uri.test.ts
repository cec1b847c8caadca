import { MusterError } from "@muster/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultModelName, formatModelUri, parseModelUri } from "./model-uri.ts";

describe("parseModelUri", () => {
  test.each([
    ["/models/a.gguf", { kind: "path", path: "/models/a.gguf" }],
    ["./a:b.gguf", { kind: "path", path: "./a:b.gguf" }],
    ["~/a.gguf", { kind: "path", path: "~/a.gguf" }],
    ["C:\\models\\a.gguf", { kind: "path", path: "C:\\models\\a.gguf" }],
    ["file:///models/a%20b.gguf", { kind: "path", path: "/models/a b.gguf" }],
    ["file:///C:/models/a.gguf", { kind: "path", path: "C:/models/a.gguf" }],
    ["https://models.example/x/a.gguf#top", { kind: "http", url: "https://models.example/x/a.gguf" }],
    ["http://127.0.0.1:8080/a.gguf", { kind: "http", url: "http://127.0.0.1:8080/a.gguf" }],
    ["http://[::1]/a.gguf", { kind: "http", url: "http://[::1]/a.gguf" }],
    ["stub:echo", { kind: "stub", name: "echo" }],
  ])("reads %s", (text, expected) => {
    expect(parseModelUri(text)).toEqual(expected);
  });

  test.each([
    ["hf:google/gemma/a.gguf", "main", "a.gguf"],
    ["hf:google/gemma/sub/dir/a.Q4_K_M.gguf@v1.2", "v1.2", "sub/dir/a.Q4_K_M.gguf"],
    ["hf:google/gemma/a.gguf@refs/pr/3", "refs/pr/3", "a.gguf"],
    ["hf:google/gemma@v2/a.gguf", "v2", "a.gguf"],
    ["hf://google/gemma/a.gguf", "main", "a.gguf"],
    ["https://huggingface.co/google/gemma/resolve/main/sub/a.gguf?download=true", "main", "sub/a.gguf"],
    ["https://huggingface.co/google/gemma/blob/v3/a.gguf", "v3", "a.gguf"],
  ])("reads the hub file %s", (text, revision, file) => {
    const parsed = parseModelUri(text);
    expect(parsed).toEqual({ kind: "hf", owner: "google", repo: "gemma", revision, file });
    expect(parseModelUri(formatModelUri(parsed))).toEqual(parsed);
  });

  test.each([
    "",
    "ftp://host/a.gguf",
    "http://models.example/a.gguf",
    "http://127.0.0.1.evil.example/a.gguf",
    "https://me:secret@host/a.gguf",
    "file:a.gguf",
    "file://otherhost/a.gguf",
    "file:///a%00.gguf",
    "hf:google/gemma",
    "hf:google/../a.gguf",
    "hf:../gemma/a.gguf",
    "hf:google/gemma/../../a.gguf",
    "hf:google/gemma//a.gguf",
    "hf:google/gemma/a.gguf@../x",
    "hf:google/gemma/a.bin",
    "hf:google/gemma@v1/a.gguf@v2",
    "https://huggingface.co/google/gemma/resolve/main/%2e%2e%2fa.gguf",
    "stub:",
    "stub:../x",
    "/models/a\u0000.gguf",
  ])("refuses %j and says which forms there are", (text) => {
    const refused = catchError(() => parseModelUri(text));
    expect(refused).toBeInstanceOf(MusterError);
    expect(refused).toMatchObject({ code: "invalid_request", param: "model" });
    expect(String(refused)).toContain("hf:owner/repo/file.gguf");
    expect(String(refused)).not.toContain("secret");
  });

  test("answers or throws a MusterError for any text", () => {
    const schemes = fc.constantFrom("", "hf:", "http:", "https://", "file:", "stub:", "x:");
    fc.assert(
      fc.property(schemes, fc.string({ unit: "binary" }), (scheme, rest) => {
        const thrown = catchError(() => parseModelUri(scheme + rest));
        expect(thrown === undefined || thrown instanceof MusterError).toBe(true);
      }),
    );
  });
});

test.each([
  ["/models/gemma-3-270m-it-Q4_K_M.gguf", "gemma-3-270m-it"],
  ["~/gemma-3-270m-q4_k_m.gguf", "gemma-3-270m"],
  ["hf:unsloth/gemma-4-GGUF/UD/gemma-4-26b-a4b-it-UD-Q4_K_XL-00001-of-00002.gguf", "gemma-4-26b-a4b-it"],
  ["hf:o/r/gemma-4-e4b-it-qat-q4_0.gguf@abc", "gemma-4-e4b-it-qat"],
  ["https://h.example/x/Qwen3-8B.IQ4_XS.gguf?download=true", "qwen3-8b"],
  ["C:\\models\\Phi 4 BF16.gguf", "phi-4-bf16"],
  ["gpt-oss-20b-mxfp4.gguf", "gpt-oss-20b"],
  ["https://h.example/", "model"],
  ["stub:Echo", "echo"],
])("names the model of %s", (uri, name) => {
  expect(defaultModelName(parseModelUri(uri))).toBe(name);
});

function catchError(task: () => unknown): unknown {
  try {
    task();
    return undefined;
  } catch (error) {
    return error;
  }
}
