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
    [
      "openai:http://127.0.0.1:11434/v1#gemma3:4b",
      { kind: "openai", baseUrl: "http://127.0.0.1:11434/v1", model: "gemma3:4b" },
    ],
    [
      "openai:https://GPU.example/v1/#google/gemma%203",
      { kind: "openai", baseUrl: "https://gpu.example/v1", model: "google/gemma 3" },
    ],
    ["openai:http://10.0.0.7:8000", { kind: "openai", baseUrl: "http://10.0.0.7:8000", model: undefined }],
    ["builtin:tiny-gemma", { kind: "builtin", name: "tiny-gemma" }],
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
    "openai:",
    "openai:ftp://host/v1",
    "openai:http://",
    "openai:https://me:secret@host/v1#m",
    "openai:https://host/v1?api_key=secret",
    "openai:http://host/v1#%zz",
    "openai:http://host/v1#%00",
    "builtin:../x",
    "/models/a\u0000.gguf",
  ])("refuses %j and says which forms there are", (text) => {
    const refused = catchError(() => parseModelUri(text));
    expect(refused).toBeInstanceOf(MusterError);
    expect(refused).toMatchObject({ code: "invalid_request", param: "model" });
    expect(String(refused)).toContain("hf:owner/repo/file.gguf");
    expect(String(refused)).not.toContain("secret");
  });

  test("answers or throws a MusterError for any text", () => {
    const schemes = fc.constantFrom("", "hf:", "http:", "https://", "file:", "stub:", "openai:http://", "x:");
    fc.assert(
      fc.property(schemes, fc.string({ unit: "binary" }), (scheme, rest) => {
        const thrown = catchError(() => parseModelUri(scheme + rest));
        expect(thrown === undefined || thrown instanceof MusterError).toBe(true);
      }),
    );
  });
});

test.each(["gemma3:4b", "a b#c%20", "google/gemma-3"])(
  "writes the upstream model %j so that it is read again",
  (model) => {
    const uri = { kind: "openai", baseUrl: "http://127.0.0.1:1/v1", model } as const;
    expect(parseModelUri(formatModelUri(uri))).toEqual(uri);
  },
);

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
  ["openai:http://127.0.0.1:11434/v1#gemma3:4b", "gemma3:4b"],
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
