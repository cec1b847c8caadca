import { describe, expect, it } from "vitest";
import { createCleanWords, withCleanWords } from "./clean-words.ts";

const clean = createCleanWords([
  { path: "/home/ada", name: "~" },
  { path: "/home/ada/.cache/muster/models", name: "the model directory" },
  { path: "/srv/muster", name: "the data directory" },
]);

describe("words that leave a worker", () => {
  it.each([
    ["/home/ada/.cache/muster/models/hf/a.gguf is cut short", "the model directory/hf/a.gguf is cut short"],
    ["Could not load /home/ada/secret-project/a.gguf: no", "Could not load ~/secret-project/a.gguf: no"],
    ["no space left in /srv/muster/workers/x", "no space left in the data directory/workers/x"],
    [
      "The engine's program /opt/muster/dist/child-main.js is missing.",
      "The engine's program child-main.js is missing.",
    ],
    ["ENOENT: open '/mnt/disk1/models/b.gguf'", "ENOENT: open 'b.gguf'"],
    ["error: C:\\Users\\ada\\models\\c.gguf (5)", "error: c.gguf (5)"],
    ["/tmp/build/llama.cpp/src/llama.cpp:120: assert", "llama.cpp:120: assert"],
  ])("say no paths: %s", (text, wanted) => {
    expect(clean(text)).toBe(wanted);
  });

  it.each([
    "Send a plain prompt to /v1/completions instead.",
    "https://example.org/home/models/a.gguf: HTTP 404",
    "hf:owner/repo/file.gguf@main cannot be had",
    "3/4 done, and/or more",
  ])("say all else: %s", (text) => {
    expect(clean(text)).toBe(text);
  });

  it("are cleaned in every message that people read, and nowhere in what a model has written", () => {
    const message = "/home/ada/x is missing";
    const shown = (say: Parameters<typeof withCleanWords>[0]) => JSON.stringify(withCleanWords(say, clean));
    const end = { kind: "end", attemptId: "a", epoch: 1, pieces: undefined, ticket: "" } as const;
    expect(shown({ ...end, result: { kind: "failed", code: "engine_failed", message } })).not.toContain(
      "ada",
    );
    expect(shown({ kind: "goodbye", reason: message })).not.toContain("ada");
    expect(
      shown({
        kind: "inventory",
        inventory: {
          models: [],
          freeDiskBytes: 1,
          budgetBytes: undefined,
          fetching: [{ uri: "hf:o/r/f.gguf", doneBytes: 0, totalBytes: undefined, problem: message }],
        },
      }),
    ).not.toContain("ada");
    const delta = { kind: "text", text: message, tokens: 1 } as const;
    expect(shown({ kind: "output", attemptId: "a", epoch: 1, sequence: 0, delta })).toContain("ada");
  });
});
