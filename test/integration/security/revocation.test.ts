import { status } from "@grpc/grpc-js";
import { joinFleet } from "@muster/worker";
import { describe, expect, it } from "vitest";
import { CertifiedWorker, fleetClient, readIdentity } from "../../harness/certified-worker.ts";
import { chat, eventually, startCluster, temporaryDirectory } from "../../harness/cluster.ts";
import { startJoined, startTrustedCluster, type TrustedCluster } from "../../harness/trusted-fleet.ts";

async function joinedBy(cluster: TrustedCluster, name: string) {
  const dataDirectory = await temporaryDirectory();
  await joinFleet(await cluster.invite({ name }), { dataDirectory, name });
  return { dataDirectory, ...(await readIdentity(dataDirectory, name)) };
}

const revoke = (cluster: Pick<TrustedCluster, "post">, id: string) =>
  cluster.post(`/cluster/v1/workers/${id}/revoke`, {});

/** Within 5 s. */
const soonMs = 5_000;

describe("a worker that is revoked", () => {
  it("has its stream cut within 5 s at every orchestrator, and is told so", async () => {
    const cluster = await startTrustedCluster();
    const { storeDirectory, trustDirectory } = cluster;
    const elsewhere = await startCluster({ fleetTls: "on", objectStore: storeDirectory, trustDirectory });
    const { id, worker } = await cluster.joined("desk");
    const far = await joinedBy(cluster, "far");
    const hand = new CertifiedWorker(elsewhere.orchestrator.fleetAddress, far);
    // What one orchestrator has let in, the other knows at once.
    hand.hello(far.workerId);
    await hand.hear("welcome");

    const fromMs = performance.now();
    expect((await revoke(cluster, id)).status).toBe(200);
    expect((await revoke(cluster, far.workerId)).status).toBe(200);
    expect(await worker.ended).toMatchObject({
      code: "forbidden",
      message: expect.stringContaining('has revoked the worker "desk"'),
    });
    expect(await hand.hear("refused")).toMatchObject({ code: "forbidden", retryable: false });
    expect(performance.now() - fromMs).toBeLessThan(soonMs);
    expect((await cluster.workers()).map(({ state }) => state)).toEqual(["lost"]);
  });

  it("does not come back, gets no new certificate and no file", async () => {
    const cluster = await startTrustedCluster();
    const { fleetAddress } = cluster.orchestrator;
    const desk = await joinedBy(cluster, "desk");
    await revoke(cluster, desk.workerId);
    const hand = new CertifiedWorker(fleetAddress, desk);
    hand.hello(desk.workerId);
    expect(await hand.hear("refused")).toMatchObject({ code: "forbidden", retryable: false });
    const blob = fleetClient(fleetAddress, desk).FetchBlob({ uri: "hf:o/r/a.gguf" });
    const failure = await new Promise((resolve) => blob.on("error", resolve).on("data", () => {}));
    expect(failure).toMatchObject({ code: status.PERMISSION_DENIED });
    const worker = await startJoined(fleetAddress, { name: "desk", dataDirectory: desk.dataDirectory });
    expect(await worker.ended).toMatchObject({ code: "forbidden" });
    expect(await cluster.get("/cluster/v1/enrolments")).toMatchObject({
      data: [{ id: desk.workerId, state: "revoked" }],
    });
  });

  it("gives no more answers: what it was asked is answered by another", async () => {
    const cluster = await startTrustedCluster();
    const desk = await joinedBy(cluster, "desk");
    const hand = new CertifiedWorker(cluster.orchestrator.fleetAddress, desk);
    hand.hello(desk.workerId);
    await hand.hear("welcome");
    hand.serve("stub-model");
    await eventually(async () => (await cluster.workers()).some(({ state }) => state === "ready"));
    const asking = cluster.post("/v1/chat/completions", chat("a b c", { max_tokens: 3 }));
    const { attemptId, epoch } = await hand.hear("assign");
    await revoke(cluster, desk.workerId);
    // It says so all the same: nobody listens.
    hand.say({ output: { attemptId, epoch, sequence: 0, text: "forged", tokens: 1 } });
    hand.say({ end: { attemptId, epoch, outcome: "OUTCOME_STOP" } });
    expect(await hand.hear("refused")).toMatchObject({ code: "forbidden" });
    await cluster.joined("other");
    const answer = await asking;
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-muster-worker")).toBe("other");
    expect(JSON.stringify(await answer.json())).not.toContain("forged");
  });

  it("gives no late results of batch lines to any orchestrator", async () => {
    // Golden prompts it cannot answer.
    const cluster = await startTrustedCluster({ canary: "off" });
    const desk = await joinedBy(cluster, "desk");
    const hand = new CertifiedWorker(cluster.orchestrator.fleetAddress, desk);
    hand.hello(desk.workerId);
    await hand.hear("welcome");
    hand.serve("stub-model");
    const batch = await startBatch(cluster);
    const { attemptId, epoch } = await hand.hear("assign");
    await revoke(cluster, desk.workerId);
    await hand.hear("refused");
    // With what it runs since before: as after a lost link.
    const again = new CertifiedWorker(cluster.orchestrator.fleetAddress, desk);
    again.hello(desk.workerId, { running: [{ attemptId, epoch, replicaId: "rep-1" }] });
    const pieces = [{ text: "forged", tokens: 1 }];
    again.say({ end: { attemptId, epoch, outcome: "OUTCOME_STOP", whole: true, pieces } });
    await again.hear("refused");
    await cluster.joined("other");
    await eventually(async () => ((await batch.now()) as { status: string }).status === "completed", 30_000);
    const output = await batch.output();
    expect(output).toContain('"custom_id"');
    expect(output).not.toContain("forged");
  });

  it("may be away: it is out all the same; one that never joined is not known", async () => {
    const cluster = await startTrustedCluster();
    const desk = await joinedBy(cluster, "desk");
    expect(await (await revoke(cluster, desk.workerId)).json()).toMatchObject({ state: "revoked" });
    expect((await revoke(cluster, desk.workerId)).status).toBe(200);
    expect((await revoke(cluster, "wrk-nobody")).status).toBe(404);
    // Its name is free again.
    expect((await joinedBy(cluster, "desk")).name).toBe("desk");
  });
});

async function startBatch(cluster: TrustedCluster) {
  const { url } = cluster;
  const body = { model: "stub-model", messages: [{ role: "user", content: "one two" }], max_tokens: 3 };
  const line = JSON.stringify({ custom_id: "a", method: "POST", url: "/v1/chat/completions", body });
  const form = new FormData();
  form.set("purpose", "batch");
  form.set("file", new File([`${line}\n`], "in.jsonl"));
  const file = (await (await fetch(`${url}/v1/files`, { method: "POST", body: form })).json()) as {
    id: string;
  };
  const wish = { input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h" };
  const { id } = (await (await cluster.post("/v1/batches", wish)).json()) as { id: string };
  const now = () => cluster.get(`/v1/batches/${id}`);
  return {
    now,
    output: async () => {
      const { output_file_id } = (await now()) as { output_file_id: string };
      return (await fetch(`${url}/v1/files/${output_file_id}/content`)).text();
    },
  };
}
