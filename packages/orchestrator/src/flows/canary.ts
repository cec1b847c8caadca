import { type Background, type Clock, type Log, WholeAnswer } from "@muster/base";
import type { GoldenPrompt } from "@muster/models";
import {
  askAgainMs,
  type CanaryMode,
  type CanaryVerdict,
  fingerprintOf,
  isAskedToProve,
  patienceMs,
} from "../core/fleet/canary.ts";
import { type CanaryQuestion, canaryQuestions } from "../core/fleet/canary-questions.ts";
import type { ReplicaView, WorkerView } from "../core/fleet/worker.ts";
import type { ProvenReplicas } from "../ports/proven-replicas.ts";
import type { AttemptTable } from "./attempt-table.ts";
import type { FleetRegistry } from "./fleet-registry.ts";

interface CanaryDeps {
  readonly fleet: FleetRegistry;
  readonly attempts: AttemptTable;
  readonly proven: ProvenReplicas;
  /** What is known of the replica's model; empty: nothing. */
  readonly goldenFor: (replica: ReplicaView) => readonly GoldenPrompt[];
  readonly mode: CanaryMode;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

/** One replica that is held back. */
interface Check {
  readonly workerId: string;
  readonly replicaId: string;
  /** Fires when the check is dropped: the replica is gone, or a newer check has taken its place. */
  readonly abort: AbortController;
  tries: number;
  /** Set while it waits to be asked again. */
  again: { readonly verdict: CanaryVerdict["kind"]; readonly stop: () => void } | undefined;
}

interface Place {
  readonly worker: WorkerView;
  readonly replica: ReplicaView;
}

const awaiting = "awaiting its golden prompts";
/** Proofs that are remembered here, beside those in the store. */
const maxRemembered = 4_096;
/** Of what a worker says when it refuses a question. */
const maxRefusalLength = 100;
/** What a replica may refuse a question for that is no sign of a broken machine: it is left out, others decide. */
const beyondIt: ReadonlySet<string> = new Set(["unsupported", "context_length_exceeded"]);

type Answered = CanaryVerdict | { readonly kind: "left-out"; readonly reason: string };

/**
 * Has every replica answer a few questions before it gets work, once for each file, machine, driver and engine; one that
 * answers wrongly is held back, and asked again later. Uses no lane; its tokens are nobody's.
 */
export class Canary {
  readonly #deps: CanaryDeps;
  readonly #checks = new Map<string, Check>();
  readonly #remembered = new Set<string>();

  constructor(deps: CanaryDeps) {
    this.#deps = deps;
  }

  /** To be called before the replica gets work. */
  replicaReady(workerId: string, replicaId: string): void {
    const { fleet, mode } = this.#deps;
    const place = this.#place(workerId, replicaId);
    if (place === undefined || !isAskedToProve(place.replica, mode)) return;
    if (this.#remembered.has(this.#fingerprint(place))) fleet.holdBack(workerId, replicaId, undefined);
    else this.#begin(workerId, replicaId, { isDemanded: false });
  }

  /** A worker has left, lends or not, or its replicas have changed. */
  fleetChanged(workerId: string): void {
    const { fleet } = this.#deps;
    for (const [key, check] of this.#checks) {
      if (check.workerId !== workerId) continue;
      const place = this.#place(workerId, check.replicaId);
      if (place === undefined) this.#drop(key, check);
      else if (check.again?.verdict === "unasked" && fleet.canAcquireOn(workerId, check.replicaId))
        this.#askAgain(check);
    }
  }

  /** Asks again now, whatever is known. False where there is no such replica, or it is not ready. */
  check(workerId: string, replicaId: string): boolean {
    if (this.#place(workerId, replicaId) === undefined) return false;
    this.#begin(workerId, replicaId, { isDemanded: true });
    return true;
  }

  close(): void {
    for (const [key, check] of this.#checks) this.#drop(key, check);
  }

  #begin(workerId: string, replicaId: string, how: { readonly isDemanded: boolean }): void {
    const key = `${workerId}/${replicaId}`;
    const earlier = this.#checks.get(key);
    if (earlier !== undefined) this.#drop(key, earlier);
    const check: Check = {
      workerId,
      replicaId,
      abort: new AbortController(),
      tries: 0,
      again: undefined,
    };
    this.#checks.set(key, check);
    this.#deps.fleet.holdBack(workerId, replicaId, { reason: awaiting, isWrong: false });
    this.#deps.background.run("canary", () => this.#ask(check, how));
  }

  #drop(key: string, check: Check): void {
    check.again?.stop();
    check.abort.abort();
    if (this.#checks.get(key) === check) this.#checks.delete(key);
  }

  #askAgain(check: Check): void {
    check.again?.stop();
    check.again = undefined;
    this.#deps.background.run("canary", () => this.#ask(check, { isDemanded: true }));
  }

  async #ask(check: Check, { isDemanded }: { readonly isDemanded: boolean }): Promise<void> {
    const { workerId, replicaId, abort } = check;
    const place = this.#place(workerId, replicaId);
    if (place === undefined) return;
    const fingerprint = this.#fingerprint(place);
    const startedAtMs = this.#deps.clock.nowMs();
    const isProven = !isDemanded && (await this.#isProven(fingerprint));
    const verdict = isProven ? { kind: "passed" as const } : await this.#verdict(check, place);
    if (abort.signal.aborted) return;
    this.#settle(check, verdict);
    const { model } = place.replica;
    const tookMs = Math.round(this.#deps.clock.nowMs() - startedAtMs);
    const fields = { workerId, replicaId, model, tookMs, isProven };
    if (verdict.kind === "wrong") this.#deps.log.warn(fields, "golden prompts answered wrongly");
    else this.#deps.log.info({ ...fields, verdict: verdict.kind }, "golden prompts asked");
    if (verdict.kind === "passed") await this.#remember(fingerprint);
  }

  #settle(check: Check, verdict: CanaryVerdict): void {
    const { fleet, clock } = this.#deps;
    const { workerId, replicaId } = check;
    if (verdict.kind === "passed") {
      this.#checks.delete(`${workerId}/${replicaId}`);
      fleet.holdBack(workerId, replicaId, undefined);
      return;
    }
    check.tries += 1;
    const waitMs = askAgainMs(verdict, check.tries);
    check.again = { verdict: verdict.kind, stop: clock.after(waitMs, () => this.#askAgain(check)) };
    const isWrong = verdict.kind === "wrong";
    const reason = isWrong ? verdict.reason : `${awaiting}: ${verdict.reason}`;
    fleet.holdBack(workerId, replicaId, { reason, isWrong });
  }

  /** One question after the other; the first wrong answer decides. One that refuses them all has proven nothing. */
  async #verdict(check: Check, { replica }: Place): Promise<CanaryVerdict> {
    let leftOut: string | undefined;
    let hasPassed = false;
    for (const question of canaryQuestions(replica.capabilities, this.#deps.goldenFor(replica))) {
      const answered = await this.#answerTo(question, check, patienceMs(replica, question.tokens));
      if (answered.kind === "passed") hasPassed = true;
      else if (answered.kind === "left-out") leftOut = answered.reason;
      else return answered;
    }
    return hasPassed || leftOut === undefined ? { kind: "passed" } : { kind: "wrong", reason: leftOut };
  }

  async #answerTo(question: CanaryQuestion, check: Check, limitMs: number): Promise<Answered> {
    const { fleet, attempts, clock, newId } = this.#deps;
    const lease = fleet.acquireOn(check.workerId, check.replicaId);
    if (lease === undefined) return unasked("it has no free slot, or is not lent now");
    const answer = new WholeAnswer();
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, check.abort.signal]);
    const named = { requestId: newId(), epoch: 1, request: question.request };
    const running = attempts.run(named, lease, {
      signal,
      onDelta: (delta) => {
        if (!answer.add(delta)) stop.abort();
      },
    });
    // An engine that hangs may not even stop: what it holds then is its own slot.
    const late = new Promise<"late">((resolve) => {
      signal.addEventListener("abort", () => resolve("late"), { once: true });
    });
    const stopTimer = clock.after(limitMs, () => stop.abort());
    const ended = await Promise.race([running, late]);
    stopTimer();
    if (ended === "late" || ended.kind === "cancelled")
      return unasked(`${question.name} had no answer within ${Math.round(limitMs / 1000)} s`);
    if (ended.kind === "lost") return unasked(ended.reason);
    if (ended.kind === "failed") {
      const reason = `${question.name} was refused: ${ended.message.slice(0, maxRefusalLength)}`;
      // The question is a plain one: whoever takes it for a wrong one does not work.
      if (ended.code === "invalid_request") return { kind: "wrong", reason };
      return beyondIt.has(ended.code) ? { kind: "left-out", reason } : unasked(ended.message);
    }
    const fault = question.fault(answer.pieces);
    return fault === undefined ? { kind: "passed" } : { kind: "wrong", reason: `${question.name} ${fault}` };
  }

  async #isProven(fingerprint: string): Promise<boolean> {
    try {
      return await this.#deps.proven.has(fingerprint);
    } catch (error) {
      this.#deps.log.debug({ error: String(error) }, "proofs not readable");
      return false;
    }
  }

  async #remember(fingerprint: string): Promise<void> {
    const [oldest] = this.#remembered;
    if (this.#remembered.size >= maxRemembered && oldest !== undefined) this.#remembered.delete(oldest);
    this.#remembered.add(fingerprint);
    try {
      await this.#deps.proven.add(fingerprint);
    } catch (error) {
      // It costs one more check, after a restart.
      this.#deps.log.debug({ error: String(error) }, "proof not kept");
    }
  }

  #fingerprint({ worker, replica }: Place): string {
    return fingerprintOf(worker, replica, this.#deps.goldenFor(replica));
  }

  /** Undefined where the worker is gone, or the replica is not ready. */
  #place(workerId: string, replicaId: string): Place | undefined {
    const worker = this.#deps.fleet.worker(workerId);
    if (worker === undefined || worker.state === "lost") return undefined;
    const replica = worker.replicas.find(({ id }) => id === replicaId);
    return replica?.state === "ready" ? { worker, replica } : undefined;
  }
}

function unasked(reason: string): CanaryVerdict {
  return { kind: "unasked", reason };
}
