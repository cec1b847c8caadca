import type { Finding } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { clusterReport } from "./cluster-check.ts";
import { createTestIo, runCommand } from "./command-io.fixture.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { startOrchestrator, workerNamed } from "./orchestrator.fixture.ts";

const nowMs = 1_764_400_000_000;
const finding = (severity: Finding["severity"], changes: Partial<Finding> = {}): Finding => ({
  id: `x:${severity}`,
  severity,
  says: `It is a ${severity}.`,
  fix: null,
  since: nowMs / 1_000 - 125,
  ...changes,
});
const workers = [workerNamed("desk-1"), workerNamed("desk-2"), workerNamed("gone", { state: "lost" })];
const report = (...findings: Finding[]) => clusterReport(findings, workers, { nowMs, style: {} });

describe("clusterReport", () => {
  it("says the worst first, for how long, and what to do", () => {
    expect(
      report(finding("note"), finding("problem", { fix: "muster models\nplan" }), finding("warning")),
    ).toBe(
      [
        "✗ It is a problem. (for 2 min 5 s)",
        "  → muster models plan",
        "! It is a warning. (for 2 min 5 s)",
        "• It is a note. (for 2 min 5 s)",
        "✗ 1 problem, 1 warning: 2 workers, 1 model ready, 2 of 8 slots in use",
        "",
      ].join("\n"),
    );
  });

  it("says that nothing is wrong where there is no more than a note", () => {
    const well = "✓ nothing is wrong: 2 workers, 1 model ready, 2 of 8 slots in use\n";
    expect(report()).toBe(well);
    expect(report(finding("note"))).toBe(`• It is a note. (for 2 min 5 s)\n${well}`);
    expect(report(finding("warning"), finding("warning"))).toContain("! 2 warnings: 2 workers");
  });

  it("lets nothing that was told move the cursor", () => {
    expect(report(finding("note", { says: "a\u001b[2Jb\r\nc", fix: "\u202ex" }))).toContain("• a[2Jb c (for");
  });
});

describe("muster doctor --cluster", () => {
  const serve = (...findings: Finding[]) =>
    startOrchestrator({
      workers,
      routes: { "GET /cluster/v1/findings": () => ({ object: "list", data: findings, has_more: false }) },
    });

  it("ends with 1 where there are problems, and with 0 where there are none", async () => {
    const ill = createTestIo();
    await runCommand(ill, doctorCommand, ["--cluster", "--url", (await serve(finding("problem"))).url]);
    expect([ill.exitCode(), ill.err()]).toEqual([1, ""]);
    expect(ill.out()).toContain("✗ It is a problem.");
    const well = createTestIo();
    await runCommand(well, doctorCommand, ["--cluster", "--url", (await serve(finding("warning"))).url]);
    expect(well.exitCode()).toBe(0);
    const gone = createTestIo();
    await runCommand(gone, doctorCommand, ["--cluster", "--url", "http://127.0.0.1:9"]);
    expect(gone.exitCode()).toBe(3);
  });

  it("prints the findings as JSON", async () => {
    const io = createTestIo();
    const { url } = await serve(finding("problem"));
    await runCommand(io, doctorCommand, ["--cluster", "--json", "--url", url]);
    expect(JSON.parse(io.out())).toEqual([finding("problem")]);
    expect(io.exitCode()).toBe(1);
  });
});
