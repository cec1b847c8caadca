import { Background, deferred, type GenerateRequest, ManualClock, silentLog } from "@muster/base";
import type { ModelStore } from "@muster/models";
import { createStubEngine } from "../adapters/stub/engine.ts";
import type { Assignment, ReplicaReport, WorkerSays } from "../core/link-messages.ts";
import type { Engine } from "../ports/engine.ts";
import type { LinkEnd, LinkSession } from "../ports/orchestrator-link.ts";
import { Assignments } from "./assignments.ts";
import type { ReplicaSpec } from "./replica-keeper.ts";
import { ReplicaSet } from "./replica-set.ts";

export const log = silentLog;
export const noStore: ModelStore = { ensure: async (uri) => ({ path: uri, bytes: 0, sha256: undefined }) };

function generation(text: string, maxTokens = 4): GenerateRequest {
  return {
    task: "generate",
    prompt: { kind: "text", text },
    sampling: {
      temperature: 0,
      topK: 64,
      topP: 1,
      minP: 0,
      seed: 1,
      frequencyPenalty: 0,
      presencePenalty: 0,
    },
    maxTokens,
    stop: [],
  };
}

/** Attempt 1 of a request to `rep-1` (see `startReplica`). */
export function assignment(
  attemptId: string,
  text: string,
  { maxTokens, ...change }: Partial<Assignment> & { readonly maxTokens?: number } = {},
): Assignment {
  const request = generation(text, maxTokens);
  return {
    attemptId,
    epoch: 1,
    replicaId: "rep-1",
    request,
    isWhole: false,
    ticket: "",
    traceId: "",
    ...change,
  };
}

/** An orchestrator's end of a link, in memory. */
export class ScriptedSession implements LinkSession {
  readonly welcome = {
    orchestratorId: "orc",
    version: "0",
    protocol: 1,
    heartbeatIntervalMs: 1_000,
    hasMirror: false,
  };
  readonly said: WorkerSays[] = [];
  readonly #end = deferred<LinkEnd>();
  #waiting: { readonly wanted: (said: WorkerSays) => boolean; readonly found: (said: WorkerSays) => void }[] =
    [];
  readonly ended = this.#end.promise;

  send(message: WorkerSays): boolean {
    this.said.push(message);
    this.#waiting = this.#waiting.filter(({ wanted, found }) => {
      if (!wanted(message)) return true;
      found(message);
      return false;
    });
    return true;
  }

  until<T extends WorkerSays>(wanted: (said: WorkerSays) => said is T): Promise<T> {
    const already = this.said.find(wanted);
    if (already !== undefined) return Promise.resolve(already);
    return new Promise((resolve) => {
      this.#waiting.push({ wanted, found: (said) => resolve(said as T) });
    });
  }

  writable(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#end.resolve({ kind: "lost", reason: "closed" });
  }

  abandon(): void {
    this.#end.resolve({ kind: "lost", reason: "abandoned" });
  }

  lose(end: LinkEnd = { kind: "lost", reason: "network" }): void {
    this.#end.resolve(end);
  }
}

/** A replica of the stub engine with two slots. */
export function testSpec(change: Partial<ReplicaSpec> = {}): ReplicaSpec {
  return {
    replicaId: "rep-1",
    model: "m",
    modelUri: "stub:m",
    slots: 2,
    contextTokens: 256,
    threads: 1,
    gpu: "off",
    isFixed: true,
    variant: undefined,
    ...change,
  };
}

/** One replica of the stub engine, ready, with two slots. */
export async function startReplica(
  clock = new ManualClock(),
  store = noStore,
  engine: Engine = createStubEngine({ clock }),
) {
  const reports: ReplicaReport[] = [];
  const waiting: { readonly state: string; readonly wake: () => void }[] = [];
  const replicas = new ReplicaSet({
    engine,
    store,
    clock,
    log,
    random: () => 0.5,
    report: (report) => {
      reports.push(report);
      for (const { state, wake } of waiting) if (state === report.state) wake();
    },
    specOf: ({ replicaId }) => testSpec({ replicaId, isFixed: false }),
  });
  const until = (state: ReplicaReport["state"]) => new Promise<void>((wake) => waiting.push({ state, wake }));
  const ready = until("ready");
  replicas.add(testSpec());
  await ready;
  return { replicas, reports, clock, until };
}

export function startAssignments(replicas: ReplicaSet, clock = new ManualClock()) {
  return new Assignments({ replicas, background: new Background(log), clock, log });
}
