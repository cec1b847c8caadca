import { describe, expect, it } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { startOrchestrator, workerNamed } from "../orchestrator.fixture.ts";
import { workersCommand } from "./workers.ts";

/** A fleet of one, and what was asked of it. */
async function startFleet() {
  const asked: [string, unknown][] = [];
  const paused = workerNamed("desk-1", {
    state: "away",
    availability: {
      state: "paused",
      reason: "Paused by an administrator until mon 18:00.",
      policy: "always",
    },
  });
  const { url } = await startOrchestrator({
    workers: [workerNamed("desk-1")],
    routes: {
      "POST /cluster/v1/workers/wrk-desk-1/pause": (body) => {
        asked.push(["pause", body]);
        return paused;
      },
      "POST /cluster/v1/workers/wrk-desk-1/resume": (body) => {
        asked.push(["resume", body]);
        return paused;
      },
    },
  });
  return { url, asked };
}

describe("muster workers pause and resume", () => {
  it("ask the worker of that name, and say what it says", async () => {
    const { url, asked } = await startFleet();
    const io = createTestIo();
    await runCommand(io, workersCommand, ["pause", "desk-1", "--for", "1h30m", "--url", url]);
    await runCommand(io, workersCommand, ["--url", url, "pause", "desk-1"]);
    await runCommand(io, workersCommand, ["resume", "desk-1", "--url", url]);
    expect(io.err()).toBe("");
    expect(io.out()).toContain("desk-1 lends nothing now. Paused by an administrator until mon 18:00.\n");
    expect(io.out()).toContain("desk-1 lends again");
    expect(asked).toEqual([
      ["pause", { seconds: 5_400 }],
      ["pause", {}],
      ["resume", undefined],
    ]);
  });

  it("print the worker as JSON", async () => {
    const { url } = await startFleet();
    const io = createTestIo();
    await runCommand(io, workersCommand, ["pause", "wrk-desk-1", "--json", "--url", url]);
    expect(JSON.parse(io.out())).toMatchObject({ id: "wrk-desk-1", availability: { state: "paused" } });
  });

  it("refuse more than a week, and a worker that is not there", async () => {
    const { url, asked } = await startFleet();
    const long = createTestIo();
    await runCommand(long, workersCommand, ["pause", "desk-1", "--for", "8d", "--url", url]);
    expect([long.exitCode(), long.err()]).toEqual([2, expect.stringContaining("a week at most")]);
    const none = createTestIo();
    await runCommand(none, workersCommand, ["pause", "desk-9", "--url", url]);
    expect([none.exitCode(), none.err()]).toEqual([1, expect.stringContaining('"desk-9"')]);
    expect(asked).toEqual([]);
  });
});
