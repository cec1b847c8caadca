import { describe, expect, it } from "vitest";
import { createBatchApi } from "../harness/batch-api.ts";
import { chatLine } from "../harness/batch-lines.ts";
import { startCluster } from "../harness/cluster.ts";

const count = 60;
const poisonLine = 17;

describe("a line that crashes engines", () => {
  it("crashes two workers at most, is answered with an error, and the other lines are answered", async () => {
    const cluster = await startCluster();
    for (const name of ["a", "b", "c"]) await cluster.worker(name, { slots: 1, stubTokensPerSecond: 400 });
    const api = createBatchApi({ url: () => cluster.url });
    const lines = Array.from({ length: count }, (_none, line) =>
      chatLine(line, line === poisonLine ? "please !crash now" : `number ${line}`),
    );
    const { id } = await api.create((await api.upload(lines.join("\n"))).id);
    const batch = await api.untilState(id, "completed", 60_000);
    expect(batch.request_counts).toEqual({ total: count, completed: count - 1, failed: 1 });
    const [error, ...others] = await api.results(batch.error_file_id);
    expect(others).toEqual([]);
    expect(error).toMatchObject({
      custom_id: `line-${poisonLine}`,
      response: { status_code: 500, body: { error: { code: "engine_crashed" } } },
      error: null,
    });
    const output = await api.results(batch.output_file_id);
    for (const { custom_id, response } of output)
      expect(response?.body.choices?.[0]?.message.content).toBe(`number ${custom_id.slice("line-".length)}`);
    // With one slot each, a crash ends one attempt, and nothing else fails here.
    expect(await failuresOf(cluster.url)).toBe(2);
  });
});

async function failuresOf(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/muster_dispatch_total\{[^}]*result="failed"[^}]*\} (\d+)/.exec(metrics)?.[1]);
}
