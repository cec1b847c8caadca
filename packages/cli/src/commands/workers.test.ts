import { once } from "node:events";
import type { Replica } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { type Served, startOrchestrator, workerNamed } from "../orchestrator.fixture.ts";
import { workersCommand } from "./workers.ts";

const [replica] = workerNamed("x").replicas as [Replica];

describe("muster workers", () => {
  it("shows one row for each replica, the slots in use and what failed", async () => {
    const { hardware } = workerNamed("x");
    const { url } = await startOrchestrator({
      workers: [
        workerNamed("desk-1", {
          replicas: [
            replica,
            {
              ...replica,
              model: "tiny",
              state: "fetching",
              progress: 0.426,
              slots: 2,
              slots_used: 0,
              decode_tokens_per_second: null,
            },
          ],
        }),
        workerNamed("desk-2", {
          state: "joining",
          hardware: { ...hardware, gpus: [], backend: "cpu" },
          replicas: [{ ...replica, state: "failed", error: "not enough\nmemory" }],
        }),
        workerNamed("desk-4", {
          state: "away",
          availability: { state: "owner_here", reason: "Somebody is there.", policy: "owner-away" },
          replicas: [],
        }),
        workerNamed("desk-3", {
          state: "lost",
          last_heartbeat_at: Math.floor(Date.now() / 1_000) - 125,
          replicas: [],
        }),
      ],
    });
    const io = createTestIo();
    await runCommand(io, workersCommand, ["--url", url]);
    const lines = io.out().split("\n");
    expect(lines[1]).toMatch(
      /^desk-1 +ready +RTX 4070 \(cuda\) +4\.5 GiB of 12 GiB +gemma-4-e4b-it +ready +1\/4 +61\.3 tokens\/s +now$/,
    );
    expect(lines[2]).toMatch(/^ +tiny +fetching 42 % +0\/2 +-$/);
    expect(lines[3]).toMatch(
      /^desk-2 +joining +AMD Ryzen 7, 8 cores +20 GiB of 32 GiB +gemma-4-e4b-it +failed/,
    );
    expect(lines[4]).toMatch(/^desk-4 +away /);
    expect(lines[5]).toMatch(/^desk-3 +lost .* 2 min \d s$/);
    expect(lines.slice(6)).toEqual([
      "",
      "3 workers, 1 of 4 slots in use",
      "desk-4 is not lent (owner_here): Somebody is there.",
      "desk-2, gemma-4-e4b-it: not enough memory",
      "",
    ]);
  });

  it("prints the server's JSON", async () => {
    const { url } = await startOrchestrator({ workers: [workerNamed("desk-1")] });
    const io = createTestIo();
    await runCommand(io, workersCommand, ["--json", "--url", url]);
    expect(JSON.parse(io.out()).data[0].hardware.gpus[0].name).toBe("RTX 4070");
  });

  it("says how to join where nobody has", async () => {
    const { url } = await startOrchestrator({});
    const io = createTestIo();
    await runCommand(io, workersCommand, ["--url", url]);
    expect(io.out()).toContain("muster worker --join");
  });

  it("shows again until it is interrupted, and waits for an orchestrator that restarts", async () => {
    const served: Served = { workers: [workerNamed("desk-1")] };
    const orchestrator = await startOrchestrator(served);
    const io = createTestIo();
    const running = runCommand(io, workersCommand, ["--watch", "0.02", "--url", orchestrator.url]);
    await io.shows("desk-1");
    served.workers = [workerNamed("desk-2")];
    await io.shows("desk-2");
    const failed = once(io.stderr, "data");
    await orchestrator.stop();
    await failed;
    io.interrupt();
    await running;
    expect(io.err()).toContain("muster: Cannot reach");
    expect(io.exitCode()).toBe(130);
  });

  it("watches as lines of JSON", async () => {
    const { url } = await startOrchestrator({ workers: [workerNamed("desk-1")] });
    const io = createTestIo();
    const running = runCommand(io, workersCommand, ["--watch", "0.02", "--json", "--url", url]);
    await io.shows("\n");
    io.interrupt();
    await running;
    expect(JSON.parse(io.out().split("\n")[0] ?? "").object).toBe("list");
  });

  it("fails at once where a watch never worked, and refuses an interval that cannot be", async () => {
    const gone = await startOrchestrator({});
    await gone.stop();
    const io = createTestIo();
    await runCommand(io, workersCommand, ["--watch", "--url", gone.url]);
    expect(io.exitCode()).toBe(3);
    const wrong = createTestIo();
    await runCommand(wrong, workersCommand, ["--watch", "never"]);
    expect(wrong.exitCode()).toBe(2);
  });
});
