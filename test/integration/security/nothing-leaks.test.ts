import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect, it } from "vitest";
import { createBatchApi } from "../../harness/batch-api.ts";
import {
  chat,
  eventually,
  model,
  readStream,
  startCluster,
  temporaryDirectory,
} from "../../harness/cluster.ts";
import { recordingLog } from "../../harness/recording-log.ts";
import { startTestRedis } from "../../support/redis.ts";

/** A word that stands nowhere else. One for each thing that is private. */
const canary = (what: string) => `canary${what}${randomBytes(8).toString("hex")}`;

const secret = {
  prompt: canary("prompt"),
  system: canary("system"),
  thought: canary("thought"),
  toolName: canary("tool"),
  toolArguments: canary("arguments"),
  toolAnswer: canary("toolanswer"),
  schema: canary("schema"),
  stop: canary("stop"),
  user: canary("user"),
  metadata: canary("metadata"),
  embedded: canary("embedded"),
  ranked: canary("ranked"),
  continued: canary("continued"),
  tokenized: canary("tokenized"),
  failing: canary("failing"),
  image: canary("image"),
  header: canary("header"),
  query: canary("query"),
  batchLine: canary("line"),
  batchFailing: canary("linefailing"),
  customId: canary("customid"),
  batchMetadata: canary("batchmetadata"),
  fileName: canary("filename"),
};
const rightKey = canary("rightkey");
const wrongKey = canary("wrongkey");

/** What is handed in to be kept is kept there, until it is removed or expires; nowhere else. */
const keptInStore = new Set(["batchLine", "batchFailing", "customId", "batchMetadata", "fileName"]);
const storedFile =
  /^objects\/(?:files\/file-[^/]+\/(?:content|record\.json)|batches\/batch_[^/]+\/.+|tenants\/[^/]+\/results\/.+)$/;

const allTexts = { ...secret, rightKey, wrongKey };

/** Which of the secrets a text has in it, as they are or as base64 and hexadecimal would have them. */
function leaksIn(text: string): string[] {
  return Object.entries(allTexts)
    .filter(([, word]) =>
      [word, Buffer.from(word).toString("hex"), ...base64Of(word)].some((form) => text.includes(form)),
    )
    .map(([name]) => name);
}

/** In the three ways that it can stand within something longer, without the letters that its neighbours change. */
function base64Of(word: string): string[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.from("\0".repeat(before) + word)
      .toString("base64")
      .replace(/=+$/, "");
    return text.slice(before === 0 ? 0 : before + 1, -2);
  });
}

const tool = {
  type: "function",
  function: {
    name: secret.toolName,
    description: secret.prompt,
    parameters: { type: "object", properties: { [secret.schema]: { type: "string" } } },
  },
};

/** Everything private in every place that a request has for it. */
const requests: readonly (readonly [path: string, body: object, headers?: Record<string, string>])[] = [
  [
    "/v1/chat/completions",
    {
      model,
      messages: [
        { role: "system", content: secret.system },
        {
          role: "assistant",
          content: null,
          tool_calls: [
            {
              id: "c1",
              type: "function",
              function: { name: secret.toolName, arguments: JSON.stringify({ a: secret.toolArguments }) },
            },
          ],
        },
        { role: "tool", tool_call_id: "c1", content: secret.toolAnswer },
        { role: "user", content: `${secret.prompt} !think:${secret.thought}` },
      ],
      ...{
        tools: [tool],
        stop: [secret.stop],
        user: secret.user,
        metadata: { [secret.metadata]: secret.metadata },
      },
    },
    { "x-request-note": secret.header, cookie: `a=${secret.header}`, "user-agent": secret.header },
  ],
  ["/v1/chat/completions", chat(secret.prompt, { stream: true, user: secret.user, n: 2 })],
  [
    "/v1/chat/completions",
    chat(`!tool:${secret.toolName}{"a":"${secret.toolArguments}"}`, { tools: [tool] }),
  ],
  [
    "/v1/chat/completions",
    chat(secret.prompt, {
      response_format: { type: "json_schema", json_schema: { name: "s", schema: { enum: [secret.schema] } } },
    }),
  ],
  // What goes wrong is what is logged: in the engine, in parsing, and half way through a stream.
  ["/v1/chat/completions", chat(`${secret.failing} !break`)],
  ["/v1/chat/completions", chat(`${secret.failing} !crash`)],
  ["/v1/chat/completions", chat(`${secret.failing} !break`, { stream: true })],
  ["/v1/chat/completions", chat(`${secret.failing} `.repeat(3_000))],
  ["/v1/chat/completions", { ...chat(secret.failing), [secret.metadata]: 1, temperature: secret.failing }],
  ["/v1/chat/completions", { ...chat(secret.failing), messages: [{ role: secret.failing, content: "x" }] }],
  [
    "/v1/chat/completions",
    {
      model,
      messages: [
        {
          role: "user",
          content: [
            {
              type: "image_url",
              image_url: { url: `data:image/png;base64,${Buffer.from(secret.image).toString("base64")}` },
            },
          ],
        },
      ],
    },
  ],
  ["/v1/completions", { model, prompt: secret.continued, echo: true }],
  ["/v1/embeddings", { model, input: [secret.embedded] }],
  ["/v1/rerank", { model, query: secret.ranked, documents: [secret.ranked], return_documents: true }],
  ["/v1/tokenize", { model, prompt: secret.tokenized, return_token_strs: true }],
  [
    "/v1/responses",
    { model, input: secret.prompt, instructions: secret.system, metadata: { a: secret.metadata } },
  ],
  [
    "/v1/messages",
    {
      ...{ model, max_tokens: 50, system: secret.system, metadata: { user_id: secret.user } },
      messages: [{ role: "user", content: secret.prompt }],
    },
  ],
  [`/v1/chat/completions?note=${secret.query}`, chat(secret.prompt)],
  [`/no/such/route/${secret.query}`, chat(secret.prompt)],
];

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

it("is overlooked by the search, however it is written", () => {
  for (const before of ["", "x", "xy"]) {
    const text = `${before}${secret.prompt}z`;
    expect(leaksIn(text)).toEqual(["prompt"]);
    expect(leaksIn(Buffer.from(text).toString("base64"))).toEqual(["prompt"]);
    expect(leaksIn(Buffer.from(text).toString("hex"))).toEqual(["prompt"]);
  }
});

it("of prompts, answers and keys reaches a log, a metric, Redis, or a file but those that were handed in", async () => {
  const directory = await temporaryDirectory();
  const redis = await startTestRedis();
  const { log, lines } = recordingLog();
  const cluster = await startCluster(
    { dataDirectory: directory, redisUrl: redis.url, apiKeys: [rightKey] },
    undefined,
    { log },
  );
  await cluster.worker("one", { contextTokens: 2_048, dataDirectory: join(directory, "one") });
  await cluster.worker("two", { contextTokens: 2_048, dataDirectory: join(directory, "two") });
  const headers = { authorization: `Bearer ${rightKey}` };
  const untilWell = () =>
    eventually(async () => (await cluster.workers()).every(({ state }) => state === "ready"));

  let seen = "";
  for (const [path, body, more = {}] of requests) {
    const answer = await cluster.post(path, body, { headers: more });
    const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream") === true;
    seen += isStream ? JSON.stringify(await readStream(answer)) : await answer.text();
    await untilWell();
  }
  // The answers did have them: what is not found below was really there to be found.
  for (const name of ["prompt", "thought", "toolName", "toolArguments", "continued"] as const)
    expect({ name, isAnswered: seen.includes(secret[name]) }).toEqual({ name, isAnswered: true });

  const api = createBatchApi({ url: () => cluster.url, key: rightKey });
  const line = (id: string, content: string) =>
    JSON.stringify({ custom_id: id, method: "POST", url: "/v1/chat/completions", body: chat(content) });
  const text = [line(secret.customId, secret.batchLine), line("b", `${secret.batchFailing} !break`)].join(
    "\n",
  );
  const file = await api.upload(text, `${secret.fileName}.jsonl`);
  const more = { metadata: { note: secret.batchMetadata }, muster: { provenance: true, result_cache: true } };
  const batch = await api.create(file.id, more);
  const done = await api.untilState(batch.id, "completed", 40_000);
  expect(JSON.stringify(await api.results(done.output_file_id))).toContain(secret.batchLine);
  await untilWell();

  for (const wrong of [
    { authorization: `Bearer ${wrongKey}` },
    { "x-api-key": wrongKey },
    { authorization: `Basic ${Buffer.from(`a:${wrongKey}`).toString("base64")}` },
    { authorization: wrongKey },
  ]) {
    const refused = await fetch(`${cluster.url}/v1/models`, { headers: wrong as Record<string, string> });
    expect(refused.status).toBe(401);
    expect(leaksIn(`${await refused.text()}${JSON.stringify([...refused.headers])}`)).toEqual([]);
  }

  const places: [place: string, text: string][] = [];
  for (const path of [
    "/metrics",
    "/",
    "/cluster/v1/workers",
    "/cluster/v1/fleet",
    "/cluster/v1/models",
    "/v1/models",
  ])
    places.push([path, await (await fetch(`${cluster.url}${path}`, { headers })).text()]);
  await cluster.orchestrator.stop();
  places.push(["the log", JSON.stringify(lines)]);
  places.push(["Redis", await redis.dump()]);
  expect(lines.length).toBeGreaterThan(requests.length);
  expect(places.at(-1)?.[1]).toContain("bull");
  for (const [place, said] of places) expect({ place, leaks: leaksIn(said) }).toEqual({ place, leaks: [] });

  const files = await filesIn(directory);
  expect(files.some((path) => path.includes("/objects/batches/"))).toBe(true);
  for (const path of files) {
    const name = relative(directory, path);
    const leaks = leaksIn(`${name}\n${await readFile(path, "latin1")}`);
    const allowed = storedFile.test(name) ? keptInStore : new Set<string>();
    expect({ name, leaks: leaks.filter((each) => !allowed.has(each)) }).toEqual({ name, leaks: [] });
  }
  await redis.stop();
});
