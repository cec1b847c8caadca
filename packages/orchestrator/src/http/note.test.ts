import { expect, it } from "vitest";
import { withoutSecrets } from "./note.ts";

it.each([
  ["https://user:pass@host/a.gguf", "https://host/a.gguf"],
  ["https://user:p@ss@host/a@b.gguf", "https://host/a@b.gguf"],
  ["https://host/a.gguf?token=secret#@x", "https://host/a.gguf"],
  ["hf:owner/repo/file.gguf", "hf:owner/repo/file.gguf"],
])("%s is noted as %s", (uri, noted) => {
  expect(withoutSecrets(uri)).toBe(noted);
});
