import type { UsageReport } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { startOrchestrator } from "../orchestrator.fixture.ts";
import { usageCommand } from "./usage.ts";

const counts = {
  ...{ requests: 12, failed_requests: 1, prompt_tokens: 340, cached_tokens: 20, completion_tokens: 60 },
  ...{ total_tokens: 400, worker_seconds: 90.5, watt_hours: 12.25, cost: null },
};
const report = (more: Partial<UsageReport> = {}): UsageReport => ({
  ...{ object: "usage", since: "2026-11-01", until: "2026-11-30", by: ["key", "model"] },
  data: [{ key: 'k"1', key_name: null, model: "gemma", ...counts }],
  total: counts,
  ...more,
});

async function run(args: readonly string[], answer: UsageReport, query: string) {
  const orchestrator = await startOrchestrator({
    routes: { [`GET /cluster/v1/usage?${query}`]: () => answer },
  });
  const io = createTestIo();
  await runCommand(io, usageCommand, [...args, "--url", orchestrator.url]);
  return io;
}

describe("muster usage", () => {
  it("shows a table and the sum of all", async () => {
    const args = ["--by", "key,model", "--since", "2026-11-01", "--until", "2026-11-30", "--model", "gemma"];
    const io = await run(args, report(), "since=2026-11-01&until=2026-11-30&model=gemma&by=key%2Cmodel");
    expect(io.err()).toBe("");
    const [head, row, , sum] = io.out().split("\n");
    expect(head).toMatch(/^KEY +MODEL +REQUESTS +FAILED +PROMPT +CACHED +COMPLETION +WORKER TIME +WH$/);
    expect(row).toMatch(/^k"1 +gemma +12 +1 +340 +20 +60 +1 min 31 s +12\.3$/);
    expect(sum).toBe("12 requests, 400 tokens from 2026-11-01 to 2026-11-30 (UTC)");
  });

  it("tells keys by their names, and by their ids where those do not tell them apart", async () => {
    const key = (id: string, name: string | null, day: string) => ({
      ...{ key: id, key_name: name, day, ...counts },
    });
    const data = [
      key("key_a", "ci", "1"),
      key("key_a", "ci", "2"),
      key("key_b", "nightly", "1"),
      key("key_c", "nightly", "1"),
      key("key_d", null, "1"),
    ];
    const args = ["--by", "key,day", "--since", "2026-11-01"];
    const io = await run(args, report({ by: ["key", "day"], data }), "since=2026-11-01&by=key%2Cday");
    const first = io
      .out()
      .split("\n")
      .map((line) => line.split(/ {2,}/)[0]);
    expect(first.slice(1, 6)).toEqual(["ci", "ci", "nightly (key_b)", "nightly (key_c)", "key_d"]);
  });

  it("counts days back from today, which is one of them", async () => {
    const day = (back: number) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
    const total = { ...counts, requests: 0 };
    const io = await run(["--since", "7d"], report({ data: [], total }), `since=${day(6)}&by=key`);
    expect(io.out()).toBe("Nothing was used from 2026-11-01 to 2026-11-30 (UTC).\n");
  });

  it("prints JSON, and CSV with what a table has and more", async () => {
    const query = "since=2026-11-01&key=k1&by=key%2Cmodel";
    const args = ["--by", "key,model", "--since", "2026-11-01", "--only-key", "k1"];
    const json = await run([...args, "--json"], report(), query);
    expect(JSON.parse(json.out())).toEqual(report());
    const csv = await run([...args, "--csv"], report(), query);
    expect(csv.out()).toBe(
      "key,key_name,model,requests,failed_requests,prompt_tokens,cached_tokens,completion_tokens,total_tokens,worker_seconds,watt_hours,cost\r\n" +
        '"k""1",,gemma,12,1,340,20,60,400,90.5,12.25,\r\n',
    );
  });

  it.each([[["--by", "moon"]], [["--until", "tomorrow"]], [["--json", "--csv"]], [["--since", "for ever"]]])(
    "refuses %s as wrong usage",
    async (args) => {
      const io = createTestIo();
      await runCommand(io, usageCommand, [...args, "--url", "http://127.0.0.1:9"]);
      expect(io.exitCode()).toBe(2);
    },
  );
});
