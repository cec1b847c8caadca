import { loadFleet, type WorkerBody, type WorkerMessage, workerBody } from "@muster/proto";
import { describe, expect, it } from "vitest";
import { endFromWire, replicaFromWire, runningFromHello } from "./convert.ts";

const { requestSerialize, requestDeserialize } = loadFleet().service.Connect;

type Said<K extends WorkerBody["kind"]> = Extract<WorkerBody, { kind: K }>["value"];

function heard<K extends WorkerBody["kind"]>(kind: K, message: WorkerMessage): Said<K> {
  const body = workerBody(requestDeserialize(requestSerialize(message)));
  if (body?.kind !== kind) throw new Error(`no ${kind}: ${body?.kind}`);
  return body.value as Said<K>;
}

describe("what a worker says", () => {
  it("of the end of a whole answer has its pieces; of a streamed one it has none", () => {
    const named = { attemptId: "a", epoch: 2, outcome: "OUTCOME_STOP" } as const;
    const whole = { ...named, whole: true, pieces: [{ text: "yes", tokens: 1 }] };
    expect(endFromWire(heard("end", { end: whole }))).toMatchObject({
      attemptId: "a",
      epoch: 2,
      report: { kind: "finished", reason: "stop" },
      pieces: [{ kind: "text", text: "yes", tokens: 1 }],
    });
    expect(endFromWire(heard("end", { end: named })).pieces).toBeUndefined();
  });

  it("in pieces of a kind that is not known here is a failure, not a shorter answer", () => {
    const end = {
      attemptId: "a",
      epoch: 1,
      outcome: "OUTCOME_STOP",
      whole: true,
      pieces: [{ tokens: 1 }],
    } as const;
    expect(endFromWire(heard("end", { end: { ...end, pieces: [...end.pieces] } }))).toMatchObject({
      report: { kind: "failed", code: "engine_failed" },
      pieces: [],
    });
  });

  it("of what it still runs is bounded, and names replicas as it must", () => {
    const attempt = (replicaId: string) => ({ attemptId: "a", epoch: 1, replicaId });
    const running = [attempt("rep-1"), attempt("no such\nname"), ...Array(5_000).fill(attempt("rep-2"))];
    const read = runningFromHello(heard("hello", { hello: { workerId: "w", running } }));
    expect(read.slice(0, 2)).toEqual([attempt("rep-1"), attempt("rep-2")]);
    expect(read.length).toBeLessThan(4_097);
  });

  it("of where a model comes from is kept where it can be true", () => {
    const report = { replicaId: "r", model: "m", state: "STATE_READY" } as const;
    const read = (change: { modelSha256?: string; engineVersion?: string }) =>
      replicaFromWire(heard("replica", { replica: { ...report, ...change } }));
    const sha256 = "0123456789abcdef".repeat(4);
    expect(read({ modelSha256: sha256, engineVersion: "stub 1" })).toMatchObject({
      modelSha256: sha256,
      engineVersion: "stub 1",
    });
    expect(read({ modelSha256: "<script>" })).toMatchObject({
      modelSha256: undefined,
      engineVersion: undefined,
    });
  });
});
