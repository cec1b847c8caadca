import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBatchApi } from "../../harness/batch-api.ts";
import { chat, model, startCluster, type TestCluster } from "../../harness/cluster.ts";

const seed = 20_261_129;
const runs = { seed, numRuns: 150 } as const;
const mebibyte = 1024 * 1024;

/** Each field of the API that is a number, in the request that has it: from which value on it is too much. */
interface Field {
  readonly name: string;
  readonly path: string;
  readonly base: object;
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
}

const text = { model, prompt: "a b c", max_tokens: 2 };
const responses = { model, input: "a b c" };
const messages = { model, max_tokens: 2, messages: [{ role: "user", content: "a" }] };
const rerank = { model, query: "q", documents: ["a"] };
const whole = { isWhole: true } as const;
const real = { isWhole: false } as const;

const fields: readonly Field[] = [
  ...(["/v1/chat/completions", "/v1/completions"] as const).flatMap((path): Field[] => {
    const base = path === "/v1/completions" ? text : chat("a b c", { max_tokens: 2 });
    return [
      { path, base, name: "n", least: 1, most: 8, ...whole },
      { path, base, name: "max_tokens", least: 1, most: 262_144, ...whole },
      { path, base, name: "temperature", least: 0, most: 2, ...real },
      { path, base, name: "top_p", least: 0, most: 1, ...real },
      { path, base, name: "min_p", least: 0, most: 1, ...real },
      { path, base, name: "top_k", least: -1, most: 1_000, ...whole },
      { path, base, name: "frequency_penalty", least: -2, most: 2, ...real },
      { path, base, name: "presence_penalty", least: -2, most: 2, ...real },
      { path, base, name: "repetition_penalty", least: 0.1, most: 10, ...real },
      { path, base, name: "deadline_ms", least: 1, most: 86_400_000, ...whole },
      { path, base, name: "seed", least: Number.MIN_SAFE_INTEGER, most: Number.MAX_SAFE_INTEGER, ...whole },
    ];
  }),
  ...[{ path: "/v1/chat/completions", base: chat("a", { logprobs: true }), name: "top_logprobs" }].map(
    (field) => ({ ...field, least: 0, most: 20, ...whole }),
  ),
  {
    path: "/v1/chat/completions",
    base: chat("a"),
    name: "max_completion_tokens",
    least: 1,
    most: 262_144,
    ...whole,
  },
  { path: "/v1/completions", base: text, name: "logprobs", least: 0, most: 20, ...whole },
  { path: "/v1/responses", base: responses, name: "max_output_tokens", least: 1, most: 262_144, ...whole },
  { path: "/v1/responses", base: responses, name: "temperature", least: 0, most: 2, ...real },
  { path: "/v1/messages", base: messages, name: "max_tokens", least: 1, most: 262_144, ...whole },
  { path: "/v1/messages", base: messages, name: "temperature", least: 0, most: 2, ...real },
  { path: "/v1/rerank", base: rerank, name: "top_n", least: 1, most: Number.MAX_SAFE_INTEGER, ...whole },
  { path: "/v1/embeddings", base: { model, input: "a" }, name: "dimensions", least: 1, most: 1e15, ...whole },
];

/** Numbers as JSON has them that a field does not take: too small, too large, broken, or no numbers at all. */
const tooMuch = ({ least, most, isWhole }: Field) =>
  fc.oneof(
    fc.double({ min: 1e-9, max: 1e300, noNaN: true }).map((by) => String(least - Math.max(by, 1))),
    fc
      .double({ min: 1e-9, max: 1e300, noNaN: true })
      .map((by) => String(most + Math.max(by, most * 1e-3, 1))),
    fc.constantFrom("1e400", "-1e400", "9".repeat(400), `-${"9".repeat(400)}`),
    fc.constantFrom('"1"', "[1]", "{}", "true", '"NaN"', '"Infinity"', "NaN", "Infinity", "-Infinity", "0x1"),
    ...(isWhole ? [fc.constantFrom("1.5", "0.1", "-0.5", "1e-300")] : []),
  );

const cases = fc
  .constantFrom(...fields)
  .chain((field) => tooMuch(field).map((written) => ({ field, written })));

async function statusOf(cluster: TestCluster, path: string, body: unknown): Promise<number> {
  const answer = await cluster.post(path, body);
  await answer.text();
  return answer.status;
}

describe("a number", () => {
  it(`outside of its range is refused before anything is asked of an engine (seed ${seed})`, async () => {
    const cluster = await startCluster();
    await cluster.worker("w1");
    await fc.assert(
      fc.asyncProperty(cases, async ({ field, written }) => {
        const { path, base, name } = field;
        const body = JSON.stringify({ ...base, [name]: "HERE" }).replace('"HERE"', written);
        const status = await statusOf(cluster, path, body);
        expect({ path, name, written: written.slice(0, 40), status }).toMatchObject({ status: 400 });
      }),
      runs,
    );
    const metrics = await (await fetch(`${cluster.url}/metrics`)).text();
    expect(metrics).not.toMatch(/muster_dispatch_total\{/);
    expect((await cluster.workers())[0]).toMatchObject({ state: "ready" });
    expect(await statusOf(cluster, "/v1/chat/completions", chat("alive", { max_tokens: 2 }))).toBe(200);
  });

  it("at the end of its range is taken, or refused with a sentence", async () => {
    const cluster = await startCluster();
    await cluster.worker("w1");
    for (const { path, base, name, least, most } of fields) {
      for (const value of [least, most]) {
        const status = await statusOf(cluster, path, { ...base, [name]: value });
        // A deadline of a millisecond passes; the stub has no vectors of 1e15 numbers.
        expect({ path, name, value, isFine: [200, 400, 504].includes(status) }).toMatchObject({
          isFine: true,
        });
      }
    }
    expect(await statusOf(cluster, "/v1/chat/completions", chat("alive"))).toBe(200);
  });
});

describe("a body", () => {
  it("that is too large is refused by its announced length, before it is there", async () => {
    const cluster = await startCluster();
    await cluster.worker("w1");
    const { connect } = await import("node:net");
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(cluster.url).port), "127.0.0.1");
      let came = "";
      socket.on("data", (chunk: Buffer) => {
        came += chunk.toString();
        socket.destroy();
      });
      socket.on("error", reject);
      socket.on("close", () => resolve(came));
      const head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
      // Nothing of it is ever sent.
      socket.write(`${head}\r\ncontent-length: ${14 * mebibyte + 1}\r\n\r\n`);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 413/);
    expect(answer).toContain("request_too_large");
  });

  it("of a batch is refused beyond its bytes, its lines, and the length of one line", async () => {
    const cluster = await startCluster({ maxBatchFileBytes: 2 * mebibyte + 4_096, maxBatchLines: 3 });
    await cluster.worker("w1");
    const api = createBatchApi({ url: () => cluster.url });
    const line = (at: number, content = "a") =>
      JSON.stringify({
        custom_id: `c-${at}`,
        method: "POST",
        url: "/v1/chat/completions",
        body: chat(content),
      });
    await expect(api.upload("x".repeat(2 * mebibyte + 8_192))).rejects.toThrow("413");
    const codesOf = async (text: string) => {
      const batch = await api.create((await api.upload(text)).id);
      return (await api.untilState(batch.id, "failed")).errors?.data.map(({ code }) => code);
    };
    expect(await codesOf([0, 1, 2, 3].map((at) => line(at)).join("\n"))).toHaveLength(1);
    expect(await codesOf(`${line(0)}\n${line(1, "y".repeat(mebibyte))}`)).toHaveLength(1);
  });

  it("with engine settings that nobody has listed reaches no engine with them", async () => {
    const cluster = await startCluster();
    await cluster.worker("w1");
    // Of llama-server and vLLM: what is not known is left out, and never passed on.
    const odd = {
      n_discard: -1,
      n_keep: -5,
      slot_id: -1,
      cache_prompt: false,
      grammar: "root ::= (",
      mirostat: 9,
    };
    expect(await statusOf(cluster, "/v1/chat/completions", chat("a", odd))).toBe(200);
    expect((await cluster.workers())[0]).toMatchObject({ state: "ready" });
  });
});
