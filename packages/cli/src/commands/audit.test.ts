import { describe, expect, it } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { startOrchestrator } from "../orchestrator.fixture.ts";
import { auditCommand } from "./audit.ts";

const record = {
  ...{ object: "audit_record", log: "orc-1", seq: 2, at: "2026-11-29T13:00:00.123Z" },
  ...{ actor: "key_a", action: "file.read", target: "file-1\u001b[31m", details: { bytes: 5 } },
};
const head = `orc-1:2:${"0".repeat(64)}`;

describe("muster audit ls", () => {
  it("asks for what the options say, and shows nothing that moves a cursor", async () => {
    const { url } = await startOrchestrator({
      routes: {
        "GET /cluster/v1/audit?actor=key_a&action=file.read&limit=5": () => ({
          ...{ object: "list", data: [record], has_more: false },
        }),
      },
    });
    const io = createTestIo();
    const args = ["ls", "--actor", "key_a", "--action", "file.read", "--limit", "5", "--url", url];
    await runCommand(io, auditCommand, args);
    expect(io.err()).toBe("");
    expect(io.out()).toMatch(/2026-11-29 13:00:00 +key_a +file\.read +file-1\S* +bytes=5/);
    expect(io.out()).not.toContain("\u001b");
  });
});

describe("muster audit verify", () => {
  const answering = (intact: boolean) => {
    const asked: unknown[] = [];
    const faults = intact ? [] : [{ log: "orc-1", seq: 2, kind: "edited", says: "Record 2 was changed." }];
    const report = { intact, logs: 1, records: 2, faults, fault_count: faults.length, heads: [head] };
    const routes = {
      "POST /cluster/v1/audit/verify": (body: unknown) => {
        asked.push(body);
        return { object: "audit_report", ...report };
      },
    };
    return { asked, served: { routes } };
  };

  it("says that all is well, and what to note for the next time", async () => {
    const { asked, served } = answering(true);
    const { url } = await startOrchestrator(served);
    const io = createTestIo();
    await runCommand(io, auditCommand, ["verify", "--head", head, "--url", url]);
    expect(io.out()).toContain("2 records in 1 log: all as they were written.");
    expect(io.out()).toContain(head);
    expect(io.exitCode()).toBe(0);
    expect(asked).toEqual([{ heads: [head] }]);
  });

  it("says which record is broken, and ends with 1", async () => {
    const { url } = await startOrchestrator(answering(false).served);
    const io = createTestIo();
    await runCommand(io, auditCommand, ["verify", "--url", url]);
    expect(io.out()).toContain("1 fault.\n  orc-1  Record 2 was changed.");
    expect(io.exitCode()).toBe(1);
  });
});
