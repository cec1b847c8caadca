import type { ModelPlan } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { createTestIo, runCommand } from "./command-io.fixture.ts";
import { workersCommand } from "./commands/workers.ts";
import { idleNotes } from "./idle-notes.ts";
import { startOrchestrator, workerNamed } from "./orchestrator.fixture.ts";
import { workerWord } from "./worker-state.ts";

const plan = (model: string, changes: Partial<ModelPlan>): ModelPlan => ({
  model,
  fits: [],
  why_not: [],
  expected_decode_tokens_per_second: null,
  ...changes,
});
const fit = (worker: string, reason: string) => ({
  ...{ worker, reason, variant: "q8_0", device: "cpu", slots: 1, context_tokens: 2_048 },
});
const empty = (name: string) => workerNamed(name, { state: "joining", replicas: [] });

describe("workerWord", () => {
  it("is idle for a worker that has joined and has nothing loaded, and joining while something comes", () => {
    const lending = { state: "lending", reason: "", policy: "always" };
    const [replica] = workerNamed("x").replicas;
    expect(workerWord(empty("a"))).toBe("idle");
    expect(workerWord({ ...empty("a"), availability: lending })).toBe("idle");
    expect(workerWord({ ...empty("a"), replicas: replica ? [{ ...replica, state: "unloaded" }] : [] })).toBe(
      "idle",
    );
    expect(workerWord({ ...empty("a"), replicas: replica ? [{ ...replica, state: "loading" }] : [] })).toBe(
      "joining",
    );
    expect(workerWord({ ...empty("a"), availability: { ...lending, state: "unknown" } })).toBe("away");
    expect(workerWord(workerNamed("a", { state: "lost", replicas: [] }))).toBe("lost");
  });
});

describe("idleNotes", () => {
  it("say what placement says of a worker: what would fit, or why nothing does", () => {
    const plans = [
      plan("large", {
        fits: [fit("server", "ready after about 3 s"), fit("closed", "it takes no orders now")],
        why_not: [{ worker: "desk", reason: "desk has 2 GiB of the 9 GiB that it takes" }],
      }),
      plan("small", { why_not: [{ worker: "desk", reason: "desk has 2 GiB of the 3 GiB\nthat it takes" }] }),
    ];
    const workers = [...["server", "closed", "desk", "stranger"].map(empty), workerNamed("busy")];
    expect(idleNotes(workers, plans)).toEqual([
      "server is idle: nobody asks for more. 1 of 2 models would fit there.",
      "closed is idle: it takes no orders now.",
      "desk is idle: no model fits there (small: desk has 2 GiB of the 3 GiB that it takes).",
    ]);
  });
});

describe("muster workers", () => {
  it("shows an idle worker as idle, with the reason", async () => {
    const { url } = await startOrchestrator({
      workers: [empty("desk-1")],
      routes: {
        "GET /cluster/v1/models/plan": () => ({
          object: "list",
          data: [plan("tiny", { fits: [fit("desk-1", "ready after about 1 s")] })],
          has_more: false,
        }),
      },
    });
    const io = createTestIo();
    await runCommand(io, workersCommand, ["--url", url]);
    expect(io.out()).toMatch(/^desk-1 +idle +RTX 4070/m);
    expect(io.out()).toContain("desk-1 is idle: nobody asks for more. 1 of 1 models would fit there.\n");
    const json = createTestIo();
    await runCommand(json, workersCommand, ["--json", "--url", url]);
    expect(JSON.parse(json.out()).data[0].state).toBe("joining");
  });

  it("leaves the reason out where nobody tells", async () => {
    const { url } = await startOrchestrator({ workers: [empty("desk-1")] });
    const io = createTestIo();
    await runCommand(io, workersCommand, ["--url", url]);
    expect(io.out()).toMatch(/^desk-1 +idle/m);
    expect(io.err()).toBe("");
  });
});
