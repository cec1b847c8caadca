import { describe, expect, it } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { startOrchestrator, workerNamed } from "../orchestrator.fixture.ts";
import { workersCommand } from "./workers.ts";

describe("muster workers drain", () => {
  const workers = [
    workerNamed("desk-1"),
    workerNamed("desk-1", { id: "wrk-old", state: "lost" }),
    workerNamed("desk-2", { id: "wrk-a" }),
    workerNamed("desk-2", { id: "wrk-b" }),
  ];

  it("asks the worker of that name, wherever the address is given, and not one that is gone", async () => {
    const orchestrator = await startOrchestrator({ workers });
    for (const args of [
      ["drain", "desk-1", "--url", orchestrator.url],
      ["--url", orchestrator.url, "drain", "desk-1"],
    ]) {
      const io = createTestIo();
      await runCommand(io, workersCommand, args);
      expect(io.err()).toBe("");
      expect(io.out()).toContain("desk-1 finishes what it runs");
    }
    expect(orchestrator.drained).toEqual(["wrk-desk-1", "wrk-desk-1"]);
  });

  it("takes an id, and prints JSON", async () => {
    const orchestrator = await startOrchestrator({ workers });
    const io = createTestIo();
    await runCommand(io, workersCommand, ["drain", "wrk-b", "--json", "--url", orchestrator.url]);
    expect(JSON.parse(io.out())).toMatchObject({ id: "wrk-b", state: "draining" });
    expect(orchestrator.drained).toEqual(["wrk-b"]);
  });

  it("refuses a name that several have, with their ids, and one that nobody has", async () => {
    const orchestrator = await startOrchestrator({ workers });
    const io = createTestIo();
    await runCommand(io, workersCommand, ["drain", "desk-2", "--url", orchestrator.url]);
    expect(io.err()).toContain("2 workers");
    expect(io.err()).toMatch(/wrk-a {2}ready.*\n.*wrk-b {2}ready/);
    expect(io.exitCode()).toBe(2);
    const none = createTestIo();
    await runCommand(none, workersCommand, ["drain", "desk-9", "--url", orchestrator.url]);
    expect(none.err()).toContain('No worker is called "desk-9"');
    expect(none.exitCode()).toBe(1);
    const missing = createTestIo();
    await runCommand(missing, workersCommand, ["drain"]);
    expect(missing.exitCode()).toBe(2);
    expect(orchestrator.drained).toEqual([]);
  });
});
