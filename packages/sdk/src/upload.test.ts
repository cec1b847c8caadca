import { afterEach, describe, expect, it, vi } from "vitest";
import { formUpload } from "./upload.ts";

afterEach(() => vi.unstubAllGlobals());

async function* pieces(...all: string[]) {
  yield* all;
}

const opened = (source: AsyncIterable<string>) =>
  formUpload({ purpose: "batch" }, { name: "a.jsonl", content: source });

describe("formUpload", () => {
  it("gathers a stream in a blob in browsers, which send no streams over HTTP/1.1", async () => {
    vi.stubGlobal("location", new URL("http://desk.example"));
    const upload = opened(pieces("{}\n", "{}\n"));
    const body = await upload.open(() => {});
    expect(body).toBeInstanceOf(Blob);
    const form = await new Response(body, { headers: { "content-type": upload.contentType } }).formData();
    expect(await (form.get("file") as File).text()).toBe("{}\n{}\n");
  });

  it("asks its source for no more than is sent, and for nothing once it is stopped", async () => {
    let asked = 0;
    let isOver = false;
    async function* counted() {
      try {
        for (;;) {
          asked += 1;
          yield "x".repeat(64 * 1024);
        }
      } finally {
        isOver = true;
      }
    }
    const upload = opened(counted());
    const reader = ((await upload.open(() => {})) as ReadableStream<Uint8Array>).getReader();
    expect(asked).toBe(0);
    await reader.read();
    await reader.read();
    expect(asked).toBe(2);
    upload.stop();
    // Not its end: a server would take what it has for the whole file.
    await expect(reader.read()).rejects.toThrow(/not wanted/);
    await vi.waitFor(() => expect(isOver).toBe(true));
    expect(asked).toBe(2);
  });
});
