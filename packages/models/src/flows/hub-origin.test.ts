import { expect, test } from "vitest";
import type { DownloadRequest } from "../ports/model-download.ts";
import { createHubOrigin } from "./hub-origin.ts";

const { signal } = new AbortController();
const target = { target: "/a", signal, onProgress() {}, inspect: async () => {} };

test("what is known of a file beforehand is known to whoever fetches it: a wrong one gets no name", async () => {
  const asked: DownloadRequest[] = [];
  const origin = createHubOrigin({
    hub: {
      locate: async () => ({
        ...{ url: "https://hub/a.gguf", token: undefined, commit: undefined },
        ...{ sha256: undefined, bytes: undefined },
      }),
    },
    download: {
      fetch: async (request) => {
        asked.push(request);
        return { bytes: 5, sha256: "a" };
      },
    },
  });
  const known = { sha256: "b".repeat(64), bytes: 5 };
  const files = [
    { uri: { kind: "http", url: "https://h/a.gguf" }, source: "https://h/a.gguf" },
    {
      uri: { kind: "hf", owner: "o", repo: "r", revision: "main", file: "a.gguf" },
      source: "hf:o/r/a.gguf@main",
    },
  ] as const;
  for (const file of files) await (await origin.locate({ ...file, ...known }, signal)).fetch(target);
  expect(asked).toMatchObject([known, known]);
});
