import { describe, expect, it } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { startOrchestrator } from "../orchestrator.fixture.ts";
import { trustCommand } from "./trust.ts";
import { workersCommand } from "./workers.ts";

const line = `muster://10.0.0.1:11501#${"p".repeat(43)}.${"s".repeat(43)}`;
const enrolment = (id: string, name: string, state = "live") => ({
  ...{
    id,
    object: "enrolment",
    name,
    pool: "desks",
    state,
    joined_at: 1_764_400_000,
    last_seen: "2026-11-29",
  },
});
const list = (...data: unknown[]) => ({ object: "list", data, has_more: false });

describe("muster workers invite", () => {
  it("prints the lines to paste, and nothing else, on standard output", async () => {
    const invite = {
      object: "invite",
      url: line,
      command: `muster worker join ${line}`,
      pool: "desks",
      name: null,
    };
    const orchestrator = await startOrchestrator({
      routes: {
        "POST /cluster/v1/invites": () => list({ ...invite, expires_at: 1 }, { ...invite, expires_at: 1 }),
      },
    });
    const io = createTestIo();
    await runCommand(io, workersCommand, [
      ...["invite", "--pool", "desks", "--count", "2", "--url", orchestrator.url],
    ]);
    expect(io.out()).toBe(`muster worker join ${line}\n`.repeat(2));
    expect(io.err()).toContain("It is a secret");
  });

  it("refuses what cannot be a pool or a count", async () => {
    for (const args of [
      [],
      ["--pool", "a b"],
      ["--pool", "desks", "--count", "0"],
      ["--pool", "d", "--expires", "x"],
    ]) {
      const io = createTestIo();
      await runCommand(io, workersCommand, ["invite", ...args]);
      expect(io.exitCode()).toBe(2);
    }
  });
});

describe("muster workers enrolled and revoke", () => {
  const enrolled = list(
    enrolment("wrk-1", "desk-2"),
    enrolment("wrk-2", "desk-1", "revoked"),
    enrolment("wrk-3", "desk-1"),
    ...[enrolment("wrk-4", "twin"), enrolment("wrk-5", "twin")],
  );
  const routes = {
    "GET /cluster/v1/enrolments": () => enrolled,
    "POST /cluster/v1/workers/wrk-3/revoke": () => enrolment("wrk-3", "desk-1", "revoked"),
  };

  it("list by name, and revoke the one of that name that is not out already", async () => {
    const orchestrator = await startOrchestrator({ routes });
    const shown = createTestIo();
    await runCommand(shown, workersCommand, ["enrolled", "--url", orchestrator.url]);
    expect(shown.out()).toMatch(/^worker +pool +state +joined +last seen +id\ndesk-1 +desks +/);
    const io = createTestIo();
    await runCommand(io, workersCommand, ["revoke", "desk-1", "--url", orchestrator.url]);
    expect([io.err(), io.exitCode()]).toEqual(["", 0]);
    expect(io.out()).toContain("desk-1 is out");
  });

  it("refuse a name that several have, and one that nobody has", async () => {
    const orchestrator = await startOrchestrator({ routes });
    const twins = createTestIo();
    await runCommand(twins, workersCommand, ["revoke", "twin", "--url", orchestrator.url]);
    expect(twins.err()).toMatch(/wrk-4 {2}live.*\n.*wrk-5 {2}live/);
    const none = createTestIo();
    await runCommand(none, workersCommand, ["revoke", "nobody", "--url", orchestrator.url]);
    expect(none.err()).toContain('No machine has joined as "nobody"');
    expect([twins.exitCode(), none.exitCode()]).toEqual([2, 1]);
  });
});

describe("muster trust", () => {
  it("shows the authorities, and asks for another one", async () => {
    const authority = { id: "abcdefghij", signs: true, serves: false, is_brought: false, created_at: 0 };
    const trust = { object: "trust", authorities: [{ ...authority, serves_from: 86_400, ends_at: null }] };
    const orchestrator = await startOrchestrator({
      routes: { "GET /cluster/v1/trust": () => trust, "POST /cluster/v1/trust/rotate": () => trust },
    });
    for (const args of [["status"], ["rotate", "--overlap", "1d"]]) {
      const io = createTestIo();
      await runCommand(io, trustCommand, [...args, "--url", orchestrator.url]);
      expect(io.out()).toMatch(/abcdefgh +yes +from 1970-01-02T00:00:00Z +1970-01-01T00:00:00Z/);
    }
  });
});
