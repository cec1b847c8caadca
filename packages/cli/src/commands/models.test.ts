import { describe, expect, it } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { startOrchestrator } from "../orchestrator.fixture.ts";
import { modelsCommand } from "./models.ts";

describe("muster models", () => {
  it("lists what is served, from the address and with the key of the environment", async () => {
    const { url } = await startOrchestrator({ models: ["gemma-4-e4b-it", "tiny"], apiKey: "key-1" });
    const io = createTestIo({ env: { MUSTER_BASE_URL: `${url}/v1`, MUSTER_API_KEY: "key-1" } });
    await runCommand(io, modelsCommand, []);
    expect(io.err()).toBe("");
    expect(io.out()).toBe(
      [
        "model           slots  replicas  context",
        "gemma-4-e4b-it      8         2    8,192",
        "tiny                8         2    8,192",
        "",
      ].join("\n"),
    );
  });

  it("prints the server's JSON", async () => {
    const { url } = await startOrchestrator({ models: ["tiny"] });
    const io = createTestIo();
    await runCommand(io, modelsCommand, ["--json", "--url", url]);
    expect(JSON.parse(io.out())).toMatchObject({ object: "list", data: [{ id: "tiny" }] });
  });

  it("says what to do where nothing is served", async () => {
    const { url } = await startOrchestrator({});
    const io = createTestIo();
    await runCommand(io, modelsCommand, ["--url", url]);
    expect(io.out()).toContain("muster worker <model>");
    expect(io.exitCode()).toBe(0);
  });

  it("ends with 3 and a hint where nobody listens", async () => {
    const gone = await startOrchestrator({});
    await gone.stop();
    const io = createTestIo();
    await runCommand(io, modelsCommand, ["--url", gone.url]);
    expect(io.err()).toMatch(/^muster: Cannot reach http.*ECONNREFUSED.*\n {2}Start it with `muster up`/);
    expect(io.exitCode()).toBe(3);
  });

  it("ends with 1 and a hint where the key is wrong", async () => {
    const { url } = await startOrchestrator({ apiKey: "key-1" });
    const io = createTestIo();
    await runCommand(io, modelsCommand, ["--url", url, "--key", "other"]);
    expect(io.err()).toBe("muster: The API key is not valid here.\n  Set MUSTER_API_KEY, or give --key.\n");
    expect(io.exitCode()).toBe(1);
  });

  it.each([[["--url", "localhost:11500"]], [["--nonsense"]]])("ends with 2 for %j", async (args) => {
    const io = createTestIo();
    await runCommand(io, modelsCommand, args);
    expect(io.exitCode()).toBe(2);
    expect(io.err()).not.toBe("");
  });
});
