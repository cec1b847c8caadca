import { homedir, tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import {
  chat,
  eventually,
  model,
  readStream,
  startCluster,
  type TestCluster,
  temporaryDirectory,
} from "../../harness/cluster.ts";
import { type BadRequest, badRequests } from "../../harness/error-corpus.ts";
import { HandWorker } from "../../harness/hand-worker.ts";
import { startTestRedis } from "../../support/redis.ts";

/** What nobody outside needs to know, by what gives it away. */
const tells: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a path", /(?<![\w:/.~%@-])\/(?:home|root|tmp|usr|var|opt|etc|work|proc|dev|srv|mnt|Users|private)\//],
  ["a path of Windows", /[A-Za-z]:\\\w/],
  // But for the one in the list of forms that an address can have.
  ["a file's URL", /file:\/\/(?!\/models\/a\.gguf)/],
  ["a stack", /\n\s+at |\bat (?:async )?[\w.<>]+ \(|node:internal|\.[cm]?[jt]s:\d+/],
  ["a module", /node_modules|dist\/|packages\//],
  ["the store", /\bredis\b|ioredis|bullmq|\blua\b|\bEVALSHA\b|WRONGTYPE|NOSCRIPT|ECONNREFUSED .*sock/i],
  ["the link", /\b[Gg][Rr][Pp][Cc]\b|protobuf|http2|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|UNAVAILABLE/],
  ["an id of ours", /\b(?:orc|rep|canary)-[0-9a-f]{8}-|\.\d+\.\d+\.\d+\.\d+#\d+|bull:/],
  ["a system's call", /\b(?:errno|syscall|ENOENT|EACCES|EPERM|ENOTDIR|EISDIR)\b/],
  ["a zod dump", /"code":\s*"invalid_type"|ZodError/],
];

function giveaways(text: string, private_: readonly string[]): readonly string[] {
  const found = tells.filter(([, pattern]) => pattern.test(text)).map(([what]) => what);
  return [...found, ...private_.filter((each) => text.includes(each))];
}

async function ask(cluster: TestCluster, { method = "POST", path, body, headers = {} }: BadRequest) {
  const sent = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(cluster.url + path, {
    method,
    ...(sent === undefined ? {} : { body: sent }),
    headers: { ...(sent === undefined ? {} : { "content-type": "application/json" }), ...headers },
  });
  return { status: answer.status, text: await answer.text(), headers: JSON.stringify([...answer.headers]) };
}

describe("an error answer", () => {
  it("names no path, stack, id or part of the service, whatever has gone wrong", async () => {
    const directory = await temporaryDirectory();
    const cluster = await startCluster({ dataDirectory: directory, coldStartMs: 1_000 });
    await cluster.worker("one", { contextTokens: 2_048 });
    await cluster.worker("two", { contextTokens: 2_048 });
    const [worker] = await cluster.workers();
    const corpus = badRequests(worker?.id ?? "");
    expect(corpus.length).toBeGreaterThanOrEqual(60);
    const failed: object[] = [];
    const statuses = new Set<number>();
    for (const request of corpus) {
      const { status, text, headers } = await ask(cluster, request);
      const isStream = text.startsWith("data: ") || text.startsWith("event: ");
      statuses.add(status);
      if (status < 400 && !isStream) failed.push({ request, status, text, why: "it went well" });
      const found = giveaways(`${text}\n${headers}`, [directory, homedir(), tmpdir(), process.cwd()]);
      if (found.length > 0) failed.push({ request, status, text, found });
      // A worker that has crashed is back before the next request.
      await eventually(async () => (await cluster.workers()).every(({ state }) => state === "ready"));
    }
    expect(failed).toEqual([]);
    expect([...statuses]).toEqual(expect.arrayContaining([400, 404, 500, 503]));
  });

  it("says no more of a worker's failure than what happened", async () => {
    const cluster = await startCluster({ canary: "off", heartbeatIntervalMs: 60_000 });
    const worker = new HandWorker(cluster.orchestrator.fleetAddress, "talkative");
    await worker.join(model, 4);
    const secret = "/home/bob/.cache/muster/secret-project/model.gguf";
    const said = [
      `No such file: '${secret}'`,
      `cannot map ${secret}: out of memory`,
      `Boom\n    at load (${secret}.js:12:3)\n    at async start (node:internal/process/task_queues:95:5)`,
      "C:\\Users\\bob\\secret-project\\model.gguf is cut short",
      "file:///home/bob/secret-project/dist/child-main.js failed",
      `\u001b[31m${secret}\u202e`,
    ];
    for (const text of said) {
      for (const code of ["engine_failed", "invalid_request", "model_load_failed", "no_such_code"]) {
        const answering = cluster.post("/v1/chat/completions", chat("a"));
        const { attemptId, epoch } = await worker.hear("assign");
        const failure = { code, message: text, param: "messages" };
        worker.say({ end: { attemptId, epoch, outcome: "OUTCOME_FAILED", failure } });
        // What another worker might do better is tried again; here there is none.
        const again = worker.hear("assign").then((next) => {
          const { attemptId, epoch } = next;
          worker.say({ end: { attemptId, epoch, outcome: "OUTCOME_FAILED", failure } });
        });
        const answer = await answering;
        void again.catch(() => {});
        const body = await answer.text();
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect({ text, code, found: giveaways(body, ["bob", "secret-project", "\u001b", "\u202e"]) }).toEqual(
          {
            text,
            code,
            found: [],
          },
        );
        if (code === "invalid_request") continue;
        break;
      }
    }
    worker.say({
      replica: {
        replicaId: "rep-2",
        model: "m2",
        state: "STATE_FAILED",
        failure: { message: said[1] ?? "" },
      },
    });
    await eventually(async () => (await cluster.workers())[0]?.replicas.length === 2);
    const shown = JSON.stringify(await cluster.workers());
    expect(giveaways(shown, ["bob", "secret-project"])).toEqual([]);
    expect(shown).toContain("cannot map model.gguf: out of memory");
  });

  it("names no store where that has gone away", async () => {
    const redis = await startTestRedis();
    const cluster = await startCluster({ redisUrl: redis.url });
    await cluster.worker("one");
    const form = new FormData();
    form.set("purpose", "batch");
    const line = { custom_id: "a", method: "POST", url: "/v1/chat/completions", body: chat("a") };
    form.set("file", new Blob([`${JSON.stringify(line)}\n`]), "a.jsonl");
    const uploaded = await fetch(`${cluster.url}/v1/files`, { method: "POST", body: form });
    const { id: input_file_id } = (await uploaded.json()) as { id: string };
    const wanted = { input_file_id, endpoint: "/v1/chat/completions", completion_window: "24h" };
    const { id } = (await (await cluster.post("/v1/batches", wanted)).json()) as { id: string };
    await redis.kill("SIGKILL");
    await eventually(async () => (await fetch(`${cluster.url}/readyz`)).status === 503);
    const answers = [
      await ask(cluster, { path: "/v1/chat/completions", body: chat("a") }),
      await ask(cluster, { path: "/v1/messages", body: { ...chat("a"), max_tokens: 5 } }),
      await ask(cluster, { path: "/v1/batches", body: wanted }),
      await ask(cluster, { method: "GET", path: `/v1/batches/${id}` }),
      await ask(cluster, { method: "GET", path: `/v1/batches/${id}/results` }),
      await ask(cluster, { path: `/v1/batches/${id}/cancel` }),
      await ask(cluster, { method: "GET", path: "/readyz" }),
    ];
    for (const { text } of answers)
      expect({ text, found: giveaways(text, [redis.url]) }).toMatchObject({ found: [] });
    expect(answers[0]?.status).toBe(503);
    const streamed = await readStream(
      await cluster.post("/v1/chat/completions", chat("a", { stream: true })),
    );
    expect(giveaways(JSON.stringify(streamed), [redis.url])).toEqual([]);
    await redis.stop();
  });
});
