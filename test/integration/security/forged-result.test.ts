import type { WorkerMessage } from "@muster/proto";
import { describe, expect, it } from "vitest";
import { createBatchApi } from "../../harness/batch-api.ts";
import { eventually, model, startCluster, temporaryDirectory } from "../../harness/cluster.ts";
import { HandWorker } from "../../harness/hand-worker.ts";
import { recordingLog } from "../../harness/recording-log.ts";

const line = (at: number) =>
  JSON.stringify({
    custom_id: `c-${at}`,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model, messages: [{ role: "user", content: `line ${at}` }] },
  });

/** Two orchestrators of one office, each with a port for workers, and a batch of two lines. */
async function start() {
  const shared = {
    redisPrefix: `forged-${process.pid}-${Math.random().toString(36).slice(2)}`,
    objectStore: await temporaryDirectory(),
    // These workers answer no golden prompts.
    canary: "off" as const,
    // They never beat: the links of this test end when it says so.
    heartbeatIntervalMs: 60_000,
  };
  const { log, lines } = recordingLog();
  const [one, other] = [
    await startCluster(shared, undefined, { log }),
    await startCluster(shared, undefined, { log }),
  ];
  const api = createBatchApi({ url: () => one.url });
  const refusals = () => lines.filter(({ text }) => text.startsWith("a result was refused"));
  return { one, other, api, refusals };
}

const answer = (text: string): NonNullable<WorkerMessage["end"]> => ({
  outcome: "OUTCOME_STOP",
  whole: true,
  pieces: [{ text, tokens: 1 }],
  usage: { completionTokens: 1 },
});

describe("the result of a line", () => {
  it("is taken late from the worker that the line was assigned to, by any orchestrator", async () => {
    const { one, other, api, refusals } = await start();
    const honest = new HandWorker(one.orchestrator.fleetAddress, "honest");
    await honest.join(model);
    const file = await api.upload(`${line(0)}\n`);
    const batch = await api.create(file.id);
    const { attemptId, epoch, ticket } = await honest.hear("assign");
    expect(ticket).toMatch(/^[0-9a-f]{32}$/);
    await honest.leave();

    const back = new HandWorker(other.orchestrator.fleetAddress, "honest");
    await back.join();
    back.say({ end: { attemptId, epoch, ticket, ...answer("late, and true") } });
    await back.hear("endAck");
    const { output_file_id } = await api.untilState(batch.id, "completed");
    const [result] = await api.results(output_file_id);
    expect(result?.response?.body.choices?.[0]?.message.content).toBe("late, and true");
    expect(refusals()).toEqual([]);
  });

  it("is refused from a worker that was not assigned it, whatever ticket it shows", async () => {
    const { one, other, api, refusals } = await start();
    const honest = new HandWorker(one.orchestrator.fleetAddress, "honest");
    await honest.join(model, 2);
    const file = await api.upload(`${line(0)}\n${line(1)}\n`);
    const batch = await api.create(file.id);
    const assigned = [await honest.hear("assign"), await honest.hear("assign")];
    const [first, second] = assigned;
    if (first === undefined || second === undefined) throw new Error("nothing was assigned");

    const forgeries = [
      { by: "forger", of: first, ticket: "" },
      { by: "forger", of: first, ticket: "0".repeat(32) },
      {
        by: "forger",
        of: first,
        ticket: "not a ticket at all, and much longer than one of them is".repeat(9),
      },
      // It has seen the tickets of another worker.
      { by: "forger", of: first, ticket: first.ticket },
      // It was assigned one line, and answers another, or the same one for a try that was never made.
      { by: "honest", of: first, ticket: second.ticket, at: other },
      { by: "honest", of: { ...first, epoch: first.epoch + 1 }, ticket: first.ticket, at: other },
      { by: "honest", of: { ...first, epoch: 0 }, ticket: first.ticket, at: other },
    ];
    for (const { by, of, ticket, at } of forgeries) {
      for (const { orchestrator } of at === undefined ? [one, other] : [at]) {
        const known = refusals().length;
        const forger = new HandWorker(orchestrator.fleetAddress, by);
        await forger.join();
        const { attemptId, epoch } = of;
        forger.say({ end: { attemptId, epoch, ticket, ...answer("FORGED") } });
        // Else it would say so again for ever.
        await forger.hear("endAck");
        expect(refusals().slice(known)).toMatchObject([
          { level: "warn", fields: { workerId: by, attemptId, epoch, verdict: "fenced" } },
        ]);
        await forger.leave();
      }
    }
    expect(JSON.stringify(refusals())).not.toContain(first.ticket);
    expect((await api.get(batch.id)).request_counts).toEqual({ total: 2, completed: 0, failed: 0 });

    for (const { attemptId, epoch, ticket } of assigned)
      honest.say({ end: { attemptId, epoch, ticket, ...answer(`true of ${attemptId.split(".")[1]}`) } });
    const { output_file_id } = await api.untilState(batch.id, "completed");
    const contents = (await api.results(output_file_id)).map(
      ({ response }) => response?.body.choices?.[0]?.message.content,
    );
    expect(contents).toEqual(["true of 0", "true of 1"]);
    await eventually(() => one.orchestrator.load().runningAttempts === 0);
  });
});
