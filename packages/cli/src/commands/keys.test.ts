import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ApiKey } from "@muster/sdk";
import { describe, expect, it, onTestFinished } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { operatorKey } from "../operator-key.ts";
import { startOrchestrator } from "../orchestrator.fixture.ts";
import { keysCommand } from "./keys.ts";

const text = `mst_${"b".repeat(10)}_${"x".repeat(49)}`;

function keyNamed(name: string, changes: Partial<ApiKey> = {}): ApiKey {
  return {
    id: `key_${name}`,
    object: "key",
    name,
    tenant: name,
    state: "live",
    scopes: ["inference"],
    models: ["gemma-*"],
    limits: { requests_per_minute: 600, stored_bytes: 10e9 },
    secrets: [{ prefix: "mst_bbbbbbbbbb", created_at: 1_700_000_000, expires_at: null }],
    created_at: 1_700_000_000,
    created_by: "operator",
    expires_at: null,
    revoked_at: null,
    revoked_by: null,
    last_used_on: "2026-11-29",
    ...changes,
  };
}

const keys = [keyNamed("ci"), keyNamed("ci", { id: "key_old", state: "revoked", revoked_at: 1_700_000_100 })];
const list = { "GET /cluster/v1/keys": () => ({ object: "list", data: keys, has_more: false }) };

describe("muster keys create", () => {
  it("asks for what the options say, and shows the text alone on standard output", async () => {
    let asked: Record<string, unknown> = {};
    const { url } = await startOrchestrator({
      routes: {
        "POST /cluster/v1/keys": (body) => {
          asked = body as Record<string, unknown>;
          return { ...keyNamed("ci"), key: text };
        },
      },
    });
    const io = createTestIo();
    await runCommand(io, keysCommand, [
      ...[
        "create",
        "--name",
        "ci",
        "--scope",
        "inference",
        "--scope",
        "batch",
        "--models",
        "gemma-*,qwen-3-8b",
      ],
      ...["--rpm", "600", "--tpm", "100k", "--concurrency", "8", "--batch-lines", "50000"],
      ...[
        "--stored-bytes",
        "10GB",
        "--tokens-per-month",
        "50M",
        "--weight",
        "0.5",
        "--expires",
        "90d",
        "--url",
        url,
      ],
    ]);
    expect(io.out()).toBe(`${text}\n`);
    expect(io.err()).toContain("not shown again");
    expect(io.err()).not.toContain(text);
    expect(asked).toMatchObject({
      name: "ci",
      scopes: ["inference", "batch"],
      models: ["gemma-*", "qwen-3-8b"],
      limits: {
        ...{ requests_per_minute: 600, tokens_per_minute: 100_000, concurrency: 8, batch_lines: 50_000 },
        ...{ stored_bytes: 10e9, tokens_per_month: 50e6, weight: 0.5 },
      },
    });
    const days = (Number(asked["expires_at"]) - Date.now() / 1_000) / 86_400;
    expect(days).toBeGreaterThan(89.9);
    expect(days).toBeLessThan(90.1);
  });

  it.each([
    [["--name", "ci"], "--scope"],
    [["--scope", "inference"], "--name"],
    [["--name", "ci", "--scope", "everything"], "one of inference"],
    [["--name", "ci", "--scope", "batch", "--rpm", "0"], "whole number"],
    [["--name", "ci", "--scope", "batch", "--weight", "0"], "0.01 to 1000"],
    [["--name", "ci", "--scope", "batch", "--rpm", "none"], "whole number"],
    [["--name", "ci", "--scope", "batch", "--stored-bytes", "much"], "size"],
  ])("refuses %j before it asks anybody", async (args, says) => {
    const io = createTestIo();
    await runCommand(io, keysCommand, ["create", ...args, "--url", "http://127.0.0.1:1"]);
    expect(io.exitCode()).toBe(2);
    expect(io.err()).toContain(says);
    expect(io.out()).toBe("");
  });
});

describe("muster keys", () => {
  it("lists those that are live, and all where that is asked for", async () => {
    const { url } = await startOrchestrator({ routes: list });
    const io = createTestIo();
    await runCommand(io, keysCommand, ["ls", "--url", url]);
    expect(io.out()).toContain("gemma-*");
    expect(io.out()).toContain("600 requests/min, 9.3 GiB");
    expect(io.out()).not.toContain("key_old");
    const all = createTestIo();
    await runCommand(all, keysCommand, ["ls", "--all", "--url", url]);
    expect(all.out()).toMatch(/revoked 2023-11-14 22:15/);
  });

  it("shows one by its name, the live one before those that are over", async () => {
    const { url } = await startOrchestrator({ routes: list });
    const io = createTestIo();
    await runCommand(io, keysCommand, ["show", "ci", "--url", url]);
    expect(io.out()).toContain("key_ci");
    expect(io.out()).toContain("mst_bbbbbbbbbb_…");
    const none = createTestIo();
    await runCommand(none, keysCommand, ["show", "nobody", "--url", url]);
    expect(none.err()).toContain('No key is called "nobody"');
    expect(none.exitCode()).toBe(1);
  });

  it("rotates with an overlap, and says until when both are good", async () => {
    const asked: unknown[] = [];
    const { url } = await startOrchestrator({
      routes: {
        ...list,
        "POST /cluster/v1/keys/key_ci/rotate": (body) => {
          asked.push(body);
          const old = { prefix: "mst_cccccccccc", created_at: 1, expires_at: 1_800_000_000 };
          return { ...keyNamed("ci"), secrets: [...keyNamed("ci").secrets, old], key: text };
        },
      },
    });
    const io = createTestIo();
    await runCommand(io, keysCommand, ["rotate", "ci", "--overlap", "2h", "--url", url]);
    expect(io.out()).toBe(`${text}\n`);
    expect(io.err()).toContain("good until 2027-01-15 08:00 UTC");
    await runCommand(createTestIo(), keysCommand, ["rotate", "ci", "--now", "--url", url]);
    expect(asked).toEqual([{ overlap_seconds: 7_200 }, { overlap_seconds: 0 }]);
  });

  it("changes what is given of a key, and nothing else", async () => {
    const asked: unknown[] = [];
    const limits = { requests_per_minute: 600, weight: 2.5 };
    const { url } = await startOrchestrator({
      routes: {
        ...list,
        "PATCH /cluster/v1/keys/key_ci": (body) => {
          asked.push(body);
          return keyNamed("ci", { limits });
        },
      },
    });
    const set = async (...args: string[]) => {
      const io = createTestIo();
      await runCommand(io, keysCommand, ["set", "ci", ...args, "--url", url]);
      return io;
    };
    const io = await set("--rpm", "600", "--weight", "2.5", "--tokens-per-month", "none");
    expect(io.out()).toContain("600 requests/min, weight 2.5");
    await set("--models", "gemma-*,qwen-*", "--expires", "1d");
    await set("--models", "all", "--expires", "never");
    expect(asked).toEqual([
      { limits: { requests_per_minute: 600, weight: 2.5, tokens_per_month: null } },
      { models: ["gemma-*", "qwen-*"], expires_at: expect.any(Number) },
      { models: null, expires_at: null },
    ]);
    const nothing = await set();
    expect(nothing.err()).toContain("Nothing is to be changed");
    expect(nothing.exitCode()).toBe(2);
    expect((await set("--rpm", "some")).exitCode()).toBe(2);
    expect(asked).toHaveLength(3);
  });

  it("revokes by name or id", async () => {
    const { url } = await startOrchestrator({
      routes: { ...list, "DELETE /cluster/v1/keys/key_ci": () => keyNamed("ci", { state: "revoked" }) },
    });
    const io = createTestIo();
    await runCommand(io, keysCommand, ["revoke", "ci", "--url", url]);
    expect(io.out()).toContain("The key ci (key_ci) is revoked");
  });
});

describe("the operator's key", () => {
  const room = () => {
    const directory = mkdtempSync(join(tmpdir(), "muster-cli-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    mkdirSync(join(directory, "trust"));
    writeFileSync(join(directory, "trust", "admin.key"), `${text}\n`, { mode: 0o600 });
    return directory;
  };

  it("is used by itself towards this machine, and nothing that was said is overruled", async () => {
    const env = { MUSTER_DATA_DIR: room() };
    const { url } = await startOrchestrator({ routes: list, apiKey: text });
    const io = createTestIo({ env });
    await runCommand(io, keysCommand, ["ls", "--url", url]);
    expect(io.err()).toBe("");
    const other = createTestIo({ env: { ...env, MUSTER_API_KEY: "another" } });
    await runCommand(other, keysCommand, ["ls", "--url", url]);
    expect(other.err()).toContain("not valid");
  });

  it("goes nowhere else", () => {
    const env = { MUSTER_DATA_DIR: room() };
    for (const url of ["http://127.0.0.1:1", "https://localhost/v1", "http://[::1]:2", "http://127.8.8.8"])
      expect(operatorKey(url, env)).toBe(text);
    for (const url of ["http://10.0.0.1", "https://muster.example", "http://127.0.0.1.example", "nonsense"])
      expect(operatorKey(url, env)).toBeUndefined();
    expect(operatorKey("http://127.0.0.1", { MUSTER_DATA_DIR: "/nonexistent" })).toBeUndefined();
  });
});
