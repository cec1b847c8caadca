import { Background, type GenerateRequest, type InferenceDelta, ManualClock, silentLog } from "@muster/base";
import { createMemoryJobQueue } from "../adapters/memory/job-queue.ts";
import { MemoryBusHub } from "../adapters/memory/token-bus.ts";
import { testReplica as replica, testIdentity } from "../core/fleet/worker.fixture.ts";
import type { Replica } from "../core/fleet/worker.ts";
import type { AnswerEvent, LinesRef } from "../core/job.ts";
import type { Lane } from "../core/lane.ts";
import type { Payer } from "../core/usage/usage-row.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { WorkerCommand, WorkerLink } from "../ports/worker-link.ts";
import { type AttemptReport, AttemptTable } from "./attempt-table.ts";
import { deliverMessages } from "./deliver-message.ts";
import { FleetRegistry } from "./fleet-registry.ts";
import { LaneControl } from "./lane-control.ts";
import { type ColdStarts, RequestDesk } from "./request-desk.ts";
import { JobRunner } from "./run-job.ts";

/** The flows on adapters in memory, with a clock that tests move and workers that do what tests say. */

export const noMetrics: Metrics = {
  requestEnded() {},
  queueWaited() {},
  firstToken() {},
  interToken() {},
  tokensUsed() {},
  attemptEnded() {},
  attemptAnswered() {},
  retried() {},
  givenBack() {},
  lineAnswered() {},
  quotaRefused() {},
  placed() {},
  resultFenced() {},
  batchEnded() {},
  loadEnded() {},
  coldStarted() {},
};

const hub = new MemoryBusHub();
let hubs = 0;

export function startFlows(
  options: {
    readonly maxQueued?: number;
    readonly coldStarts?: ColdStarts;
    readonly isElsewhere?: (model: string) => boolean;
  } = {},
) {
  const clock = new ManualClock();
  const log = silentLog;
  const queue = createMemoryJobQueue();
  const bus = hub.bus(`orc-${++hubs}`);
  const fleet = new FleetRegistry({ clock, log });
  const attempts = new AttemptTable({ clock, log, fleet, metrics: noMetrics });
  const { isElsewhere } = options;
  const runner = new JobRunner({ fleet, attempts, bus, metrics: noMetrics, clock, log, isElsewhere });
  const background = new Background(log);
  const desk = new RequestDesk({
    queue,
    bus,
    metrics: noMetrics,
    clock,
    log,
    background,
    maxQueued: options.maxQueued ?? 100,
    coldStarts: options.coldStarts,
  });
  deliverMessages(bus, desk, runner);
  const lines: LinesRef[] = [];
  const runLine = async (_lane: Lane, line: LinesRef) => {
    lines.push(line);
  };
  const lanes = new LaneControl({ queue, fleet, runner, lines: { run: runLine }, background });
  fleet.notify({
    capacityChanged: (model) => lanes.adjust(model),
    patienceChanged: (model) => lanes.adjust(model),
    workerLost: (...lost) => attempts.workerLost(...lost),
  });
  return { lines, self: bus.self, clock, queue, fleet, attempts, runner, desk, lanes };
}

export type Flows = ReturnType<typeof startFlows>;

export const request: GenerateRequest = {
  task: "generate",
  prompt: { kind: "text", text: "hello" },
  sampling: {
    temperature: 1,
    topK: 64,
    topP: 0.95,
    minP: 0,
    seed: 1,
    frequencyPenalty: 0,
    presencePenalty: 0,
  },
  maxTokens: 16,
  stop: [],
};

export { replica };

export const finishedReport: AttemptReport = {
  kind: "finished",
  reason: "stop",
  usage: { promptTokens: 1, cachedTokens: 0, completionTokens: 1 },
  timings: { prefillMs: 1, decodeMs: 1 },
};

type AttemptName = Pick<Assign, "attemptId" | "epoch">;

type Assign = Extract<WorkerCommand, { kind: "assign" }>;

/** A worker that joins `flows` and does nothing by itself. */
export class ScriptedWorker implements WorkerLink {
  readonly id: string;
  readonly commands: WorkerCommand[] = [];
  readonly #flows: Pick<Flows, "fleet" | "attempts">;
  #isClosed = false;
  #waiting: { readonly count: number; readonly wake: () => void }[] = [];

  constructor(
    flows: Pick<Flows, "fleet" | "attempts">,
    id: string,
    replicas: Replica[] = [replica()],
    running: Parameters<AttemptTable["adopt"]>[1] = [],
  ) {
    this.id = id;
    this.#flows = flows;
    flows.fleet.join(testIdentity({ id, name: id }), this);
    flows.attempts.adopt(id, running);
    for (const report of replicas) flows.fleet.reportReplica(id, report);
  }

  get assigned(): Assign[] {
    return this.commands.filter((command): command is Assign => command.kind === "assign");
  }

  /** Resolves when `count` attempts have been assigned in all. */
  async untilAssigned(count: number): Promise<Assign> {
    if (this.assigned.length < count) {
      await new Promise<void>((wake) => this.#waiting.push({ count, wake }));
    }
    const assign = this.assigned[count - 1];
    if (assign === undefined) throw new Error("unreachable");
    return assign;
  }

  send(command: WorkerCommand): boolean {
    if (this.#isClosed) return false;
    this.commands.push(command);
    for (const { count, wake } of this.#waiting) if (this.assigned.length >= count) wake();
    return true;
  }

  supersede(): void {
    this.#isClosed = true;
  }

  close(): void {
    this.#isClosed = true;
  }

  say(assign: AttemptName, sequence: number, text: string): void {
    const { attemptId, epoch } = assign;
    this.#flows.attempts.output(this.id, {
      attemptId,
      epoch,
      sequence,
      delta: { kind: "text", text, tokens: 1 },
    });
  }

  finish(assign: Assign): void {
    this.end(assign, finishedReport);
  }

  /** With `pieces`: of an attempt that was wanted whole. */
  end(assign: AttemptName, report: AttemptReport, pieces?: readonly InferenceDelta[]): void {
    const { attemptId, epoch } = assign;
    const ticket = ("ticket" in assign ? (assign as Assign).ticket : undefined) ?? "";
    this.#flows.attempts.ended(this.id, { attemptId, epoch, ticket, report, pieces });
  }

  die(reason = "the connection was lost"): void {
    this.#flows.fleet.leave(this.id, this, reason);
  }
}

export interface SubmitChange {
  readonly requestId?: string;
  readonly laneClass?: "interactive" | "batch";
  readonly isRestartable?: boolean;
  readonly signal?: AbortSignal;
  readonly queueTimeoutMs?: number;
  readonly deadlineMs?: number;
  readonly payer?: Payer;
}

let requests = 0;

/** Submits one request and collects its events; `done` settles with its end. */
export async function submit(flows: Flows, change: SubmitChange = {}) {
  const events: AnswerEvent[] = [];
  const requestId = change.requestId ?? `req-${++requests}`;
  const answer = await flows.desk.submit({
    requestId,
    lane: { model: "m", class: change.laneClass ?? "interactive" },
    request,
    queueTimeoutMs: change.queueTimeoutMs ?? 60_000,
    deadlineMs: change.deadlineMs,
    ...(change.payer === undefined ? {} : { payer: change.payer }),
    isRestartable: change.isRestartable ?? false,
    signal: change.signal ?? new AbortController().signal,
  });
  const done = (async () => {
    for await (const event of answer) events.push(event);
    return events;
  })();
  done.catch(() => {});
  return { requestId, events, done };
}
