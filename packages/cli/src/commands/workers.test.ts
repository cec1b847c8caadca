import { once } from "node:events";
import type { Replica } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { type Served, startOrchestrator, workerNamed } from "../orchestrator.fixture.ts";
import { workersCommand } from "./workers.ts";

const gib = 2 ** 30;
/** A worker whose GPU tells all. */
const telling = workerNamed("desk-1", {
  hardware: {
    ...workerNamed("desk-1").hardware,
    gpus: [
      {
        ...{ name: "RTX 4070", vram_bytes: 12 * gib, free_vram_bytes: 4.5 * gib, is_unified: false },
        ...{ used_by_muster_bytes: 6.1 * gib, used_by_others_bytes: 1.4 * gib },
        ...{ offered_vram_bytes: 10 * gib, utilization: 0.37, temperature_celsius: 61, watts: 140 },
        ...{ uuid: "GPU-1", driver_version: "550.90.07" },
      },
    ],
  },
  energy: {
    ...{ watts: 155, sources: ["gpus", "cpu"], idle_watts: 30 },
    ...{ watt_hours: 12.5, watt_hours_working: 10, prompt_tokens: 40_000, completion_tokens: 9_000 },
    ...{ tokens_per_watt_hour: 4_000, cost_per_million_tokens: 0.08, seconds_lent: 3_600 },
  },
});
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

  it("shows a replica that is held back, and why", async () => {
    const held_back = "golden prompt 'capital of France' answered '\u001b[2Jxx'";
    const { url } = await startOrchestrator({
      workers: [workerNamed("desk-1", { replicas: [{ ...replica, held_back }] })],
    });
    const io = createTestIo();
    await runCommand(io, workersCommand, ["--url", url]);
    expect(io.out()).toMatch(/^desk-1 .* held back +1\/4/m);
    expect(io.out()).toContain(
      "desk-1, gemma-4-e4b-it: held back: golden prompt 'capital of France' answered '[2Jxx'\n",
    );
  });

  it("shows whose GPU memory it is and what is drawn, where a worker tells", async () => {
    const { url } = await startOrchestrator({ workers: [telling, workerNamed("desk-2")] });
    const io = createTestIo();
    await runCommand(io, workersCommand, ["--url", url]);
    const [head, first, second] = io.out().split("\n");
    expect(head).toMatch(/free +ours\/others\/all +power +model/);
    expect(first).toMatch(/4\.5 GiB of 12 GiB +6\.1\/1\.4\/12 GiB +155 W +gemma/);
    expect(second).toMatch(/4\.5 GiB of 12 GiB +\?\/\?\/12 GiB +- +gemma/);
  });

  it("shows all of one worker, by its name", async () => {
    const { url } = await startOrchestrator({ workers: [workerNamed("desk-2"), telling] });
    const io = createTestIo();
    await runCommand(io, workersCommand, ["show", "desk-1", "--url", url]);
    expect(io.out()).toContain(`GPU 0      RTX 4070, driver 550.90.07, GPU-1
           12 GiB, 6.1 GiB Muster's, 1.4 GiB others', 4.5 GiB free, 10 GiB for Muster
           37 % busy, 61 °C, 140 W
power      155 W now, 30 W when idle, as told by its gpus and cpu
energy     12.5 Wh while connected, 10 Wh of them working
tokens     40,000 read, 9,000 written, 4000 for a watt-hour, 0.08 for a million tokens
lent       1 h`);
    const json = createTestIo();
    await runCommand(json, workersCommand, ["show", "wrk-desk-2", "--json", "--url", url]);
    expect(JSON.parse(json.out()).name).toBe("desk-2");
  });

  it("says which workers there are where one is not", async () => {
    const { url } = await startOrchestrator({ workers: [workerNamed("desk-2")] });
    const io = createTestIo();
    await runCommand(io, workersCommand, ["--url", url, "show", "desk-9"]);
    expect(io.err()).toContain('There is no worker "desk-9". There are: desk-2.');
    expect(io.exitCode()).toBe(1);
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
    expect(io.out()).toContain("On the machine that shall lend: muster worker\n");
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
