import { describe, expect, it } from "vitest";
import { chat, eventually, model, readStream, startCluster } from "../../harness/cluster.ts";
import { HandWorker } from "../../harness/hand-worker.ts";

/** Controls, marks that turn text around or hide in it, and halves of characters. */
const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
const hostile = "de\u001b[31msk\u202e\u2066\u200b\ufeff\u2028\u0000\u{e0041}7";

async function start() {
  // Its links end when the test says so, and these workers answer no golden prompts.
  const cluster = await startCluster({ canary: "off", heartbeatIntervalMs: 60_000, queueTimeoutMs: 5_000 });
  return { cluster, address: cluster.orchestrator.fleetAddress };
}

/** Every text in a value, names of fields too. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => [name, ...texts(each)]);
}

describe("what a worker says of itself", () => {
  it("is shown without what hides or moves text, and in bounded length, wherever it is shown", async () => {
    const { cluster, address } = await start();
    const worker = new HandWorker(address, "w1");
    const long = hostile.repeat(5_000);
    worker.say({
      hello: {
        ...{ minProtocol: 1, maxProtocol: 1, workerId: "w1", name: hostile, version: long, engine: hostile },
        labels: { [hostile]: long },
        hardware: {
          ...{ hostname: hostile, platform: hostile, arch: hostile, cpuModel: long, backend: hostile },
          gpus: [{ name: hostile, uuid: hostile, driverVersion: hostile }],
        },
      },
    });
    await worker.hear("welcome");
    worker.say({ availability: { state: "paused", reason: long, policy: hostile } });
    const failure = { code: "engine_failed", message: long, param: hostile };
    worker.say({
      replica: {
        replicaId: "rep-1",
        model: hostile,
        state: "STATE_FAILED",
        engine: hostile,
        variant: hostile,
        failure,
      },
    });
    worker.say({
      inventory: {
        models: [{ uri: `hf:o/r/${hostile}.gguf`, sha256: hostile }],
        fetching: [{ uri: hostile, problem: long }],
      },
    });
    worker.say({ heartbeat: { sequence: 1 } });
    await worker.hear("heartbeatAck");
    const get = async (path: string) => (await fetch(`${cluster.url}${path}`)).text();
    for (const path of ["/cluster/v1/workers", "/cluster/v1/workers/w1", "/cluster/v1/fleet", "/v1/models"]) {
      const shown = texts(JSON.parse(await get(path)));
      expect({ path, unsafe: shown.filter((text) => unsafe.test(text)) }).toEqual({ path, unsafe: [] });
      expect(Math.max(...shown.map((text) => text.length))).toBeLessThanOrEqual(2_048);
    }
    expect((await cluster.workers())[0]?.name).toBe("de [31msk 7");
    // Lines end here; nothing else is to steer whoever looks at it.
    for (const path of ["/", "/metrics"])
      expect(unsafe.test((await get(path)).replaceAll("\n", ""))).toBe(false);
  });
});

describe("an answer", () => {
  it("of a worker that was not asked, or not for that, reaches nobody", async () => {
    const { cluster, address } = await start();
    const asked = new HandWorker(address, "asked");
    await asked.join(model);
    const answering = cluster.post("/v1/chat/completions", chat("hello", { stream: true }));
    const { attemptId, epoch } = await asked.hear("assign");
    const liar = new HandWorker(address, "liar");
    await liar.join();
    const end = { outcome: "OUTCOME_STOP", usage: { completionTokens: 1e6 } } as const;
    for (const odd of [0, epoch + 1, epoch]) {
      liar.say({ output: { attemptId, epoch: odd, sequence: 0, text: "FORGED" } });
      liar.say({ end: { attemptId, epoch: odd, ...end } });
    }
    liar.say({ heartbeat: { sequence: 1, attemptIds: [`${attemptId}#${epoch}`] } });
    await liar.hear("heartbeatAck");
    asked.say({ output: { attemptId, epoch: epoch + 1, sequence: 0, text: "OF ANOTHER TRY" } });
    asked.say({ output: { attemptId, epoch, sequence: 0, text: "true", tokens: 1 } });
    asked.say({ end: { attemptId, epoch, outcome: "OUTCOME_STOP", usage: { completionTokens: 1 } } });
    const answer = await readStream(await answering);
    expect(answer).toMatchObject({ text: "true", isDone: true });
  });

  it("out of order ends with an error, and in pieces that make no sense too", async () => {
    const { cluster, address } = await start();
    const worker = new HandWorker(address, "w1");
    await worker.join(model);
    const answering = cluster.post("/v1/chat/completions", chat("hello", { stream: true }));
    const { attemptId, epoch } = await worker.hear("assign");
    worker.say({ output: { attemptId, epoch, sequence: 0, text: "one", tokens: 1 } });
    worker.say({ output: { attemptId, epoch, sequence: 5, text: "six", tokens: 1 } });
    await worker.hear("cancel");
    worker.say({ end: { attemptId, epoch, outcome: "OUTCOME_CANCELLED" } });
    const answer = await readStream(await answering);
    expect(answer.text).toBe("one");
    expect(answer.error?.code).toBe("internal");
    await eventually(() => cluster.orchestrator.load().runningAttempts === 0);
  });

  it("has its text as it is, and what stands for nothing in its numbers as nothing", async () => {
    const { cluster, address } = await start();
    const worker = new HandWorker(address, "w1");
    await worker.join(model);
    const answering = cluster.post("/v1/chat/completions", chat("hello"));
    const { attemptId, epoch } = await worker.hear("assign");
    worker.say({ output: { attemptId, epoch, sequence: 0, text: hostile, tokens: 0xffff_ffff } });
    worker.say({
      end: {
        ...{ attemptId, epoch, outcome: "OUTCOME_STOP" },
        usage: { promptTokens: 0xffff_ffff, cachedTokens: 0xffff_ffff, completionTokens: 0xffff_ffff },
        timings: { prefillMs: Number.NaN, decodeMs: Number.NEGATIVE_INFINITY },
      },
    });
    const answer = await answering;
    expect(answer.status).toBe(200);
    const body = (await answer.json()) as { choices: { message: { content: string } }[]; usage: object };
    // An answer may be about anything: whoever shows it makes it safe, as the CLI does.
    expect(body.choices[0]?.message.content).toBe(hostile);
    expect(
      Object.values(body.usage)
        .filter((each) => typeof each === "number")
        .every(Number.isFinite),
    ).toBe(true);
    const metrics = await (await fetch(`${cluster.url}/metrics`)).text();
    expect(metrics).not.toMatch(/ (?:NaN|[+-]Inf)\n/);
    for (const path of ["/cluster/v1/workers", "/cluster/v1/fleet"])
      expect((await fetch(`${cluster.url}${path}`)).status).toBe(200);
  });
});
