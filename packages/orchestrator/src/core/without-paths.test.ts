import { expect, it } from "vitest";
import { withoutPaths } from "./without-paths.ts";

it.each([
  ["/home/bob/.cache/muster/models/a.gguf is no GGUF file.", "a.gguf is no GGUF file."],
  ['Cannot open "/var/lib/muster/x.gguf": no such file', 'Cannot open "x.gguf": no such file'],
  ["ENOENT: no such file, open '/tmp/muster-1/note.json'", "ENOENT: no such file, open 'note.json'"],
  ["(/usr/lib/libcuda.so) failed", "(libcuda.so) failed"],
  ["\u001b[31m/home/bob/a.gguf\u001b[0m is cut short", "a.gguf is cut short"],
  ["C:\\Users\\bob\\models\\a.gguf is cut short", "a.gguf is cut short"],
  ["from \\\\server\\share\\a.gguf", "from a.gguf"],
  ["file:///opt/muster/dist/child-main.js failed", "child-main.js failed"],
  ["Boom\n    at load (/opt/muster/dist/x.js:1:2)\n    at async y", "Boom"],
])("%j becomes %j", (said, kept) => {
  expect(withoutPaths(said)).toBe(kept);
});

it.each([
  "https://host.example/models/a/b.gguf: the server answered 404; check the address.",
  "The upstream http://127.0.0.1:11434/v1 does not answer.",
  "hf:owner/repo/dir/a.gguf has no such file",
  "Use /v1/chat/completions instead, or /cluster/v1/workers.",
  "12 tokens/s and/or 3/4 of it",
  "text/plain; charset=utf-8",
])("%j stays", (said) => {
  expect(withoutPaths(said)).toBe(said);
});
