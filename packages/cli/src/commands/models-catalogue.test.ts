import type { CatalogueModel, ModelPlan } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { modelNamed, type Served, startOrchestrator } from "../orchestrator.fixture.ts";
import { modelsCommand } from "./models.ts";

const variant = { uri: "hf:o/r/m.gguf", sha256: null, bits_per_weight: 8.5, projector: null };
const e4b: CatalogueModel = {
  id: "gemma-4-e4b-it",
  object: "model",
  title: "Gemma 4 E4B",
  family: "gemma-4",
  kind: "chat",
  aliases: [],
  origin: "built-in",
  licence: "Apache-2.0",
  parameters: 7_520_000_000,
  active_parameters: 4_500_000_000,
  context_tokens: 8_192,
  max_context_tokens: 131_072,
  capabilities: ["chat"],
  sampling: null,
  variants: [
    { ...variant, id: "q8_0", bytes: 8 * 2 ** 30 },
    { ...variant, id: "q4_k_m", bytes: 5 * 2 ** 30 },
  ],
  pin: { replicas: 2, labels: { room: "lab" } },
  loaded: [
    { worker: "desk", worker_id: "w1", state: "ready", variant: "q8_0", slots: 4, context_tokens: 8_192 },
    { worker: "shop", worker_id: "w2", state: "loading", variant: null, slots: 4, context_tokens: 8_192 },
  ],
};
const added: CatalogueModel = {
  ...e4b,
  id: "ours",
  title: "Ours",
  family: "ours",
  origin: "added",
  variants: [{ ...variant, id: "q8_0", bytes: null }],
  pin: null,
  loaded: [],
};

async function run(routes: Served["routes"], ...args: string[]) {
  const { url } = await startOrchestrator({ routes: routes ?? {} });
  const io = createTestIo();
  await runCommand(io, modelsCommand, [...args, "--url", url]);
  return io;
}

const list = <T>(data: readonly T[]) => ({ object: "list", data, has_more: false });

describe("muster models", () => {
  it("lists what is served, without families and what has yet to be loaded", async () => {
    const data = [
      modelNamed("tiny"),
      { ...modelNamed("gemma-4-12b-it"), state: "available" },
      { ...modelNamed("gemma-4"), family: true },
    ];
    const io = await run({ "GET /v1/models": () => list(data) });
    expect(io.out()).toContain("tiny");
    expect(io.out()).not.toContain("gemma");
  });

  it("ls shows the catalogue with its files, where it is loaded and what is pinned", async () => {
    const io = await run({ "GET /cluster/v1/models": () => list([e4b, added]) }, "ls");
    expect(io.err()).toBe("");
    expect(io.out()).toBe(
      [
        "model           family   variants     size            context  loaded  pin",
        "gemma-4-e4b-it  gemma-4  q8_0 q4_k_m  5 GiB to 8 GiB    8,192     1/2  2 replicas where room=lab",
        "ours            ours     q8_0         ?                 8,192       -  -",
        "",
      ].join("\n"),
    );
    const json = await run({ "GET /cluster/v1/models": () => list([added]) }, "ls", "--json");
    expect(JSON.parse(json.out())).toMatchObject({ data: [{ id: "ours" }] });
  });

  it("takes the address before the part's name as well", async () => {
    const { url } = await startOrchestrator({ routes: { "GET /cluster/v1/models": () => list([added]) } });
    const io = createTestIo();
    await runCommand(io, modelsCommand, ["--url", url, "ls"]);
    expect(io.out()).toContain("ours");
  });

  it("adds, removes, pins and unpins", async () => {
    const asked: unknown[] = [];
    const note = (answer: unknown) => (body: unknown) => {
      asked.push(body);
      return answer;
    };
    const routes = {
      "POST /cluster/v1/models": note(added),
      "DELETE /cluster/v1/models/ours": note({ id: "ours", deleted: true }),
      "PUT /cluster/v1/models/gemma-4-e4b-it/pin": note(e4b),
      "DELETE /cluster/v1/models/gemma-4-e4b-it/pin": note({ ...e4b, pin: null }),
    };
    const say = async (...args: string[]) => (await run(routes, ...args)).out();
    expect(await say("add", "hf:o/r/m.gguf", "--name", "ours", "--family", "house")).toBe(
      "Added ours (Ours, chat) to ours.\n",
    );
    expect(await say("forget", "ours")).toBe("Removed ours.\n");
    const pin = ["pin", "gemma-4-e4b-it", "--replicas", "2", "--label", "room=lab", "--label", "os=linux"];
    expect(await say(...pin)).toBe("Pinned gemma-4-e4b-it: 2 replicas where room=lab.\n");
    expect(await say("unpin", "gemma-4-e4b-it")).toBe("gemma-4-e4b-it is pinned no more.\n");
    expect(asked).toEqual([
      { uri: "hf:o/r/m.gguf", id: "ours", family: "house" },
      undefined,
      { replicas: 2, labels: { room: "lab", os: "linux" } },
      undefined,
    ]);
  });

  it("plan shows where a model fits, and why it does not elsewhere", async () => {
    const plan: ModelPlan = {
      model: "gemma-4-12b-it",
      fits: [
        {
          worker: "desk",
          variant: "qat-q4_0",
          device: "gpu",
          slots: 4,
          context_tokens: 8_192,
          reason: "all of it on the GPU",
        },
      ],
      why_not: [{ worker: "shop", reason: "it needs 7.9 GiB and 4 GiB are free" }],
      expected_decode_tokens_per_second: 41.5,
    };
    const routes = { "GET /cluster/v1/models/plan?model=gemma-4-12b-it": () => list([plan]) };
    const io = await run(routes, "plan", "gemma-4-12b-it");
    expect(io.out().split("\n")).toEqual([
      "model           worker        variant   device  slots  context       expected  why",
      "gemma-4-12b-it  desk    fits  qat-q4_0  gpu         4    8,192  41.5 tokens/s  all of it on the GPU",
      "                shop    no                                                     it needs 7.9 GiB and 4 GiB are free",
      "",
    ]);
    const none = await run({ "GET /cluster/v1/models/plan": () => list([]) }, "plan");
    expect(none.out()).toContain("no worker takes orders");
  });

  it.each([[["pin", "m", "--replicas", "0"]], [["pin", "m", "--label", "room"]], [["add"]], [["nonsense"]]])(
    "ends with 2 for %j",
    async (args) => {
      const io = await run({}, ...args);
      expect(io.exitCode()).toBe(2);
      expect(io.err()).not.toBe("");
    },
  );

  it("says what the server says where something cannot be", async () => {
    const io = await run({}, "forget", "none");
    expect(io.err()).toContain("There is no /cluster/v1/models/none here.");
    expect(io.exitCode()).toBe(1);
  });
});
