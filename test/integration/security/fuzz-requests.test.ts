import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { chat, eventually, model, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { heapInUse } from "../../harness/heap.ts";
import { mutatedJson } from "../../harness/mutations.ts";
import { createRandom, type Random } from "../../harness/random.ts";

const seed = 20_261_129;
const requests = 2_400;
const atOnce = 8;
const longestMs = 15_000;
/** Of the heap after a collection, from the end of a warm-up to the end of all requests. */
const growthBytes = 24 * 1024 * 1024;
/** What the table in error-response.ts has of the service's own states; never `internal`. */
const documented = new Set([503, 504, 507]);

const tool = {
  type: "function",
  function: {
    name: "look",
    description: "Looks.",
    parameters: { type: "object", properties: { at: { type: "string", pattern: "^[a-z]+$" } } },
  },
};
const everything = {
  ...chat("hello there"),
  ...{ n: 2, max_tokens: 5, temperature: 0.5, top_p: 0.9, top_k: 40, min_p: 0.1, seed: 7, stop: ["x"] },
  ...{
    frequency_penalty: 0.1,
    presence_penalty: 0.1,
    logit_bias: { "5": 1 },
    logprobs: true,
    top_logprobs: 2,
  },
  ...{ user: "somebody", metadata: { a: "b" }, service_tier: "auto", deadline_ms: 5_000 },
  tools: [tool],
  tool_choice: "auto",
  response_format: { type: "text" },
};
const conversation = [
  { role: "system", content: "Be short." },
  { role: "user", content: [{ type: "text", text: "hi" }] },
  {
    role: "assistant",
    content: null,
    tool_calls: [{ id: "c1", type: "function", function: { name: "look", arguments: '{"at":"sea"}' } }],
  },
  { role: "tool", tool_call_id: "c1", content: "blue" },
];
const schema = { type: "object", properties: { a: { enum: [1, "b"] } }, required: ["a"] };

type Base = readonly [method: "POST" | "PUT" | "GET" | "DELETE", path: string, body?: unknown];

/** A good request for every endpoint that takes one. Those about workers name `victim`: the other must stay. */
const bases = (victim: string): readonly [Base, ...Base[]] => [
  ["POST", "/v1/chat/completions", everything],
  ["POST", "/v1/chat/completions", { ...everything, stream: true, stream_options: { include_usage: true } }],
  ["POST", "/v1/chat/completions", { model, messages: conversation, tools: [tool], max_tokens: 4 }],
  [
    "POST",
    "/v1/chat/completions",
    { ...chat("a"), response_format: { type: "json_schema", json_schema: { name: "s", schema } } },
  ],
  ["POST", "/v1/completions", { model, prompt: ["a b", "c"], n: 2, max_tokens: 4, echo: true, logprobs: 0 }],
  ["POST", "/v1/embeddings", { model, input: ["a", "b"], encoding_format: "base64", dimensions: 4 }],
  ["POST", "/v1/rerank", { model, query: "q", documents: ["a", { text: "b" }], top_n: 1 }],
  ["POST", "/tokenize", { model, messages: conversation, tools: [tool] }],
  [
    "POST",
    "/v1/responses",
    {
      model,
      input: [{ role: "user", content: [{ type: "input_text", text: "hi" }] }],
      ...{ instructions: "Be short.", max_output_tokens: 16, text: { format: { type: "text" } } },
      tools: [{ type: "function", name: "look", parameters: schema }],
    },
  ],
  [
    "POST",
    "/v1/messages",
    {
      ...{ model, max_tokens: 5, system: "Be short.", stop_sequences: ["x"], temperature: 0.5 },
      messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
      tools: [{ name: "look", input_schema: schema }],
    },
  ],
  ["POST", "/v1/messages/count_tokens", { model, messages: [{ role: "user", content: "hi" }] }],
  [
    "POST",
    "/v1/batches",
    {
      ...{ input_file_id: `file-${"0".repeat(32)}`, endpoint: "/v1/chat/completions" },
      ...{ completion_window: "24h", metadata: { a: "b" }, muster: { priority: "low" } },
    },
  ],
  ["POST", "/v1/batches/plan", { input_file_id: `file-${"0".repeat(32)}`, endpoint: "/v1/embeddings" }],
  ["GET", "/v1/batches?limit=5"],
  ["GET", "/v1/files?purpose=batch&limit=2"],
  ["GET", `/v1/files/file-${"0".repeat(32)}/content`],
  ["DELETE", `/v1/files/file-${"0".repeat(32)}`],
  ["GET", `/v1/batches/batch_${"0".repeat(32)}/results?wait=0`],
  ["POST", `/v1/batches/batch_${"0".repeat(32)}/cancel`, {}],
  ["GET", "/v1/models"],
  ["GET", `/v1/models/${model}`],
  ["POST", "/cluster/v1/models", { uri: "builtin:tiny-gemma", id: "tiny-too", family: "tiny" }],
  ["PUT", "/cluster/v1/models/none/pin", { replicas: 1, labels: { room: "lab" } }],
  ["GET", "/cluster/v1/models/plan?model=auto"],
  ["GET", "/cluster/v1/history?points=20"],
  ["GET", "/cluster/v1/findings"],
  ["POST", `/cluster/v1/workers/${victim}/replicas`, { model_uri: "stub:x", slots: 1, context_tokens: 512 }],
  ["POST", `/cluster/v1/workers/${victim}/replicas/x/check`, {}],
  ["GET", `/cluster/v1/workers/${victim}`],
  ["POST", "/cluster/v1/mirror/pull", { model: "local:none.gguf", workers: false }],
  ["POST", "/cluster/v1/mirror/pin", { model: "local:none.gguf", pinned: true }],
  ["DELETE", "/cluster/v1/mirror/models/none"],
  ["POST", "/dashboard/v1/session", { key: "a-key-that-nobody-has" }],
  ["GET", "/dashboard/v1/session"],
  ["GET", "/assets/index.js"],
];

const contentTypes = [
  "application/json",
  "application/json; charset=utf-16",
  "text/plain",
  "a/b",
  "",
  "json",
];

function mutatedPath(path: string, random: Random): string {
  if (random.below(6) > 0) return path;
  const odd = [
    "%00",
    "%2e%2e%2f",
    "..%5c",
    "%ff",
    "%",
    "//",
    "?a=b&a=c",
    "?limit=-1",
    "?limit=1e9",
    "\u{1f999}",
  ];
  const at = 1 + random.below(path.length);
  return path.slice(0, at) + encodeURI(random.pick(["x", ...odd])).replaceAll("%25", "%") + path.slice(at);
}

interface Answered {
  readonly what: string;
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

async function ask(cluster: TestCluster, base: Base, random: Random): Promise<Answered> {
  const [method, path, body] = base;
  const target = mutatedPath(path, random);
  const sent = body === undefined ? undefined : mutatedJson(body, random);
  const type = random.below(10) === 0 ? random.pick(contentTypes as [string]) : "application/json";
  const answer = await fetch(cluster.url + target, {
    method,
    ...(sent === undefined ? {} : { body: sent }),
    // As from the page of the dashboard: what it asks is not refused before it is read.
    headers: { "x-muster-dashboard": "1", ...(sent === undefined ? {} : { "content-type": type }) },
    signal: AbortSignal.timeout(longestMs),
  });
  return {
    what: `${method} ${target} ${sent?.slice(0, 600) ?? ""}`,
    status: answer.status,
    body: await answer.text(),
    contentType: answer.headers.get("content-type") ?? "",
  };
}

/** What is wrong with an answer; undefined: nothing. */
function fault({ status, body, contentType }: Answered): string | undefined {
  const isExpected =
    (status >= 200 && status < 300) || (status >= 400 && status < 500) || documented.has(status);
  if (!isExpected) return `status ${status}`;
  if (/internal|went wrong inside Muster/.test(body) && status >= 400) return "an internal error";
  if (status < 300) return wrongContent(body, contentType);
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown; type?: unknown } };
    return typeof error?.message === "string" && typeof error.type === "string"
      ? undefined
      : "no error in it";
  } catch {
    return "an error that is no JSON";
  }
}

function wrongContent(body: string, contentType: string): string | undefined {
  if (contentType.startsWith("text/event-stream"))
    return body.includes('"internal"') ? "an internal error in a stream" : undefined;
  if (!contentType.startsWith("application/json")) return undefined;
  try {
    JSON.parse(body);
    return undefined;
  } catch {
    return "no JSON";
  }
}

async function start() {
  const cluster = await startCluster({ queueTimeoutMs: 2_000, coldStartMs: 2_000 });
  await cluster.worker("stays", { slots: 8 });
  await cluster.worker("victim", { models: [{ uri: "stub:y", name: "victim-model" }] });
  const victim = (await cluster.workers()).find(({ name }) => name === "victim")?.id ?? "";
  return { cluster, victim };
}

async function expectWell(cluster: TestCluster): Promise<void> {
  const answer = await cluster.post("/v1/chat/completions", chat("still there?", { max_tokens: 4 }));
  expect({ status: answer.status, body: await answer.text() }).toMatchObject({ status: 200 });
  await eventually(() => cluster.orchestrator.load().openRequests === 0);
  await eventually(() => cluster.orchestrator.load().runningAttempts === 0);
}

describe("the HTTP API", () => {
  it(`answers ${requests} mutated requests well, loses no memory over them, and goes on (seed ${seed})`, async () => {
    const { cluster, victim } = await start();
    const all = bases(victim);
    const faults: object[] = [];
    const statuses = new Map<number, number>();
    const run = async (from: number, to: number) => {
      let next = from;
      const one = async () => {
        while (next < to) {
          // Each by a seed of its own: one that fails can be sent again alone.
          const at = next++;
          const random = createRandom(seed + at);
          const answered = await ask(cluster, random.pick(all), random);
          statuses.set(answered.status, (statuses.get(answered.status) ?? 0) + 1);
          const wrong = fault(answered);
          if (wrong !== undefined) faults.push({ seed: seed + at, wrong, ...answered });
        }
      };
      await Promise.all(Array.from({ length: atOnce }, one));
    };
    await run(0, requests / 4);
    await expectWell(cluster);
    const before = await heapInUse();
    await run(requests / 4, requests);
    await expectWell(cluster);
    const grown = (await heapInUse()) - before;
    expect(faults.slice(0, 5)).toEqual([]);
    expect(grown).toBeLessThan(growthBytes);
    // Both kinds came: neither all refused at the door, nor all taken.
    expect(statuses.get(200) ?? 0).toBeGreaterThan(requests / 20);
    expect(statuses.get(400) ?? 0).toBeGreaterThan(requests / 4);
  });

  it(`answers what is hardly HTTP, or hangs up, and goes on (seed ${seed})`, async () => {
    const { cluster } = await start();
    const port = Number(new URL(cluster.url).port);
    const random = createRandom(seed);
    const good = JSON.stringify(chat("hi", { max_tokens: 2 }));
    const head = (...headers: readonly string[]) =>
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${headers.map((each) => `${each}\r\n`).join("")}\r\n`;
    const length = `content-length: ${good.length}`;
    const upload = (type: string, body: string) =>
      `POST /v1/files HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    const part = (name: string, value: string) =>
      `--b\r\ncontent-disposition: form-data; ${name}\r\n\r\n${value}\r\n`;
    const form = `${part('name="purpose"', "batch")}${part('name="file"; filename="../../x\0.jsonl"', "{}")}--b--\r\n`;
    const chunk = (text: string, size = text.length.toString(16)) => `${size}\r\n${text}\r\n`;
    const handMade = [
      head(length, `content-length: ${good.length + 1}`) + good,
      head(length, "transfer-encoding: chunked") + chunk(good) + chunk(""),
      head("transfer-encoding: chunked") + chunk(good, "ffffffffffffffff"),
      head("transfer-encoding: chunked") + chunk(good, "-5"),
      head("transfer-encoding: chunked") + chunk(good, "0x10"),
      head("transfer-encoding: chunked") + chunk(good, `${good.length.toString(16)};a=b`) + chunk(""),
      head("transfer-encoding: chunked, identity") + chunk(good) + chunk(""),
      head("transfer-encoding: xchunked") + good,
      head("transfer-encoding : chunked") + chunk(good) + chunk(""),
      head("content-length: -1") + good,
      head("content-length: 1e3") + good,
      head("content-length: 99999999999999999999") + good,
      head("content-length: 15728640") + good,
      head(length, "expect: 100-continue") + good,
      head(length, "expect: the unexpected") + good,
      head(length, "upgrade: h2c", "connection: upgrade, http2-settings") + good,
      head(length, "connection: upgrade", "upgrade: websocket") + good,
      head(length, ...Array.from({ length: 3_000 }, (_none, at) => `x-${at}: y`)) + good,
      head(length, `x-long: ${"a".repeat(20_000)}`) + good,
      head(length, "x-nul: a\u0000b") + good,
      head(length, "x-fold: a\r\n b") + good,
      head(length, "host: evil.example") + good,
      head(length, "content-encoding: gzip") + good,
      `${head(length)}${good}`.replaceAll("\r\n", "\n"),
      `${head(length)}${good}`.replace("HTTP/1.1", "HTTP/9.9"),
      `${head(length)}${good}`.replace("POST", "PATCH"),
      `${head(length)}${good}`.replace("POST", "CONNECT"),
      `${head(length)}${good}`.replace("POST", "post"),
      `${head(length)}${good}`.replace("/v1/chat/completions", "http://evil.example/v1/chat/completions"),
      `${head(length)}${good}`.replace("/v1/chat/completions", "*"),
      `${head(length)}${good}`.repeat(20),
      upload("multipart/form-data; boundary=b", form),
      upload("multipart/form-data", form),
      upload(`multipart/form-data; boundary=${"b".repeat(300)}`, form),
      upload("multipart/form-data; boundary=b", form.slice(0, -20)),
      upload("multipart/form-data; boundary=b", form.replaceAll("name=", "name*=utf-8''%00")),
      upload("multipart/form-data; boundary=b", "--b\r\n".repeat(10_000)),
      "GET /v1/models\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
      "\r\n".repeat(5_000),
      "",
    ];
    const mutated = Array.from({ length: 200 }, () => {
      const bytes = Buffer.from(handMade[random.below(handMade.length)] ?? "", "latin1");
      for (let times = 1 + random.below(8); times > 0 && bytes.length > 0; times--)
        bytes[random.below(Math.min(bytes.length, 400))] = random.below(256);
      return bytes.subarray(0, 1 + random.below(bytes.length + 1)).toString("latin1");
    });
    for (const [at, text] of [...handMade, ...mutated].entries()) {
      const answer = await exchange(port, text);
      const statuses = [...answer.matchAll(/(?:^|\})HTTP\/1\.1 (\d{3})/g)].map(([, status]) =>
        Number(status),
      );
      const wrong = statuses.filter((status) => status >= 500 && !documented.has(status));
      expect({ at, text: text.slice(0, 300), wrong }).toMatchObject({ wrong: [] });
      expect(answer === "" || statuses.length > 0).toBe(true);
      expect(answer).not.toMatch(/"internal"/);
    }
    await expectWell(cluster);
  });
});

/** All that comes back. What waits for more of a request is hung up on by us: our end is closed after the text. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.end(Buffer.from(text, "latin1")));
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}
