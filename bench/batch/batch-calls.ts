import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { inputLines, type LineShape } from "./lines.ts";

/** The batch API by raw HTTP. */

export interface BenchBatch {
  readonly id: string;
  readonly status: string;
  readonly output_file_id: string | null;
  readonly errors: { readonly data: readonly { readonly message: string }[] } | null;
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly usage: { readonly output_tokens: number } | null;
}

const askEveryMs = 100;

/** Uploads `count` lines as they are made; answers with the file's id. */
export async function upload(url: string, count: number, shape: LineShape): Promise<string> {
  const boundary = `muster-bench-${randomUUID()}`;
  function* parts() {
    yield `--${boundary}\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n`;
    yield `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="lines.jsonl"\r\ncontent-type: application/jsonl\r\n\r\n`;
    yield* inputLines(count, shape);
    yield `\r\n--${boundary}--\r\n`;
  }
  const outgoing = request(`${url}/v1/files`, {
    method: "POST",
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
  });
  const answer = new Promise<string>((resolve, reject) => {
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      let text = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk: string) => {
        text += chunk;
      });
      incoming.once("end", () =>
        incoming.statusCode === 200
          ? resolve(text)
          : reject(new Error(`upload: ${incoming.statusCode} ${text}`)),
      );
    });
  });
  await pipeline(Readable.from(parts(), { objectMode: false, highWaterMark: 2 ** 20 }), outgoing);
  return (JSON.parse(await answer) as { id: string }).id;
}

export function create(url: string, inputFileId: string): Promise<BenchBatch> {
  return call(`${url}/v1/batches`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      input_file_id: inputFileId,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    }),
  });
}

export function cancel(url: string, id: string): Promise<BenchBatch> {
  return call(`${url}/v1/batches/${id}/cancel`, { method: "POST" });
}

/** Asks until `isIt`; throws where the batch has failed. */
export async function until(
  url: string,
  id: string,
  isIt: (batch: BenchBatch) => boolean,
): Promise<BenchBatch> {
  for (;;) {
    const batch = await call(`${url}/v1/batches/${id}`, {});
    if (isIt(batch)) return batch;
    if (batch.status === "failed") throw new Error(`the batch failed: ${batch.errors?.data[0]?.message}`);
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}

export function linesDone({ request_counts: { completed, failed } }: BenchBatch): number {
  return completed + failed;
}

async function call(url: string, init: RequestInit): Promise<BenchBatch> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as BenchBatch;
}
