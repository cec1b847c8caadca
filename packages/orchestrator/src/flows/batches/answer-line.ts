import {
  type Capability,
  type Clock,
  type GenerateUsage,
  type InferenceDelta,
  MusterError,
} from "@muster/base";
import type { RecommendedSampling } from "@muster/models";
import { cacheSalt, saltedPrefix } from "../../core/access/cache-salt.ts";
import type { BatchRecord, LineUsage } from "../../core/batches/batch.ts";
import { noUsage, payerOf } from "../../core/batches/batch.ts";
import type { LineResult, LineToken } from "../../core/batches/line-result.ts";
import { failureOfCode, type LineFailure } from "../../core/batches/line-retry-rule.ts";
import { requestSize } from "../../core/scheduling/request-size.ts";
import type { Digest } from "../../ports/digest.ts";
import {
  type CollectedPart,
  type LineEndpoints,
  type LinePlan,
  totalUsage,
} from "../../ports/line-endpoint.ts";
import type { LineTickets } from "../../ports/line-tickets.ts";
import type { AttemptTable } from "../attempt-table.ts";
import type { FleetRegistry, SlotLease } from "../fleet-registry.ts";
import { lineBody, lineName } from "./line-body.ts";
import type { LineText } from "./line-text.ts";
import { partName } from "./part-name.ts";
import { type LineOrigin, provenanceOf } from "./provenance.ts";
import type { ResultCache } from "./result-cache.ts";
import type { Stop } from "./stop.ts";

/** A result but for the try that it came of. */
export type LineAnswer = Omit<LineResult, "line" | "token">;

export type LineAttempt =
  | { readonly kind: "answered"; readonly answer: LineAnswer; readonly acknowledge: () => void }
  | { readonly kind: "failed"; readonly failure: LineFailure };

export interface LineToAnswer {
  readonly record: BatchRecord;
  readonly line: number;
  readonly model: string;
  /** Of the lines that begin alike; 0 for one that stands alone. */
  readonly prefix: number;
  readonly text: LineText;
}

/** An end that a worker has worked out, with all its output. */
export interface WholeEnd {
  readonly end: CollectedPart["end"];
  readonly deltas: readonly InferenceDelta[];
}

interface AnswererDeps {
  readonly endpoints: LineEndpoints;
  readonly fleet: FleetRegistry;
  readonly attempts: AttemptTable;
  readonly tickets: LineTickets;
  readonly cache: ResultCache;
  readonly digest: Digest;
  readonly clock: Clock;
  /** What a model's makers recommend. */
  readonly samplingOf: (model: string) => RecommendedSampling | undefined;
}

/** Works out the answers of lines on the workers that are connected here. */
export class LineAnswerer {
  readonly #deps: AnswererDeps;

  constructor(deps: AnswererDeps) {
    this.#deps = deps;
  }

  /** What a line asks for. Never throws: a body that cannot be asked for gets its error as an answer. */
  begin(of: LineToAnswer): StartedLine {
    const name = lineName(this.#deps.digest, of.record.id, of.line);
    const identity = {
      name,
      seed: Number.parseInt(name.slice(0, 8), 16),
      createdAtSeconds: Math.floor(this.#deps.clock.wallMs() / 1000),
      runOn: { model: of.model, sampling: this.#deps.samplingOf(of.model) },
    };
    try {
      const plan = this.#deps.endpoints.plan(of.record.endpoint, of.text.body, identity);
      return new StartedLine(this.#deps, { ...of, name, seed: identity.seed, plan });
    } catch (error) {
      return new StartedLine(this.#deps, { ...of, name, seed: identity.seed, plan: MusterError.from(error) });
    }
  }
}

interface Line extends LineToAnswer {
  readonly name: string;
  readonly seed: number;
  readonly plan: LinePlan | MusterError;
}

/** One line on its way: what its parts have given so far is kept from one attempt to the next. */
export class StartedLine {
  readonly #deps: AnswererDeps;
  readonly #line: Line;
  readonly #collected: CollectedPart[] = [];
  readonly #origins: LineOrigin[] = [];

  constructor(deps: AnswererDeps, line: Line) {
    this.#deps = deps;
    this.#line = line;
  }

  get record(): BatchRecord {
    return this.#line.record;
  }

  get needs(): ReadonlySet<Capability> {
    const { plan } = this.#line;
    return plan instanceof MusterError ? new Set() : plan.needs;
  }

  /** The same line from its beginning, for a try beside this one. */
  again(): StartedLine {
    return new StartedLine(this.#deps, this.#line);
  }

  /** One try of what is left of the line. Rejects only when a store fails. */
  async attempt(
    token: LineToken,
    how: {
      readonly stop: Stop;
      readonly failures: readonly LineFailure[];
      /** Told which worker has it now, and when none has any more. */
      readonly onSlot: (workerId: string | undefined) => void;
    },
  ): Promise<LineAttempt> {
    const { plan } = this.#line;
    if (plan instanceof MusterError) return answered(this.fail(plan, token));
    const cached = await this.#fromCache(plan);
    if (cached !== undefined) return answered(cached);
    let acknowledge = () => {};
    for (let part = this.#collected.length; part < plan.parts.length; part++) {
      const outcome = await this.#attemptPart(plan, part, { token, ...how });
      if (outcome.kind === "failed") return outcome;
      if (plan.parts.length > 1) outcome.acknowledge();
      else acknowledge = outcome.acknowledge;
    }
    const worded = this.#word(plan);
    if (worded instanceof MusterError) return answered(this.fail(worded, token), acknowledge);
    await this.#toCache(plan, worded.body);
    return answered(this.#complete(worded.body, token), acknowledge);
  }

  /** The answer of a line of one part that a worker has finished without us. Undefined where it does not fit. */
  late(token: LineToken, whole: WholeEnd): LineAnswer | undefined {
    const { plan } = this.#line;
    if (plan instanceof MusterError || plan.parts.length !== 1) return undefined;
    if (this.#collect(plan, 0, whole) !== undefined) return undefined;
    const worded = this.#word(plan);
    return worded instanceof MusterError ? this.fail(worded, token) : this.#complete(worded.body, token);
  }

  /** The error that stands in the place of an answer. */
  fail(error: MusterError, token: LineToken): LineAnswer {
    const { endpoints } = this.#deps;
    const { status, body } = endpoints.failure(error);
    return {
      outcome: "failed",
      status,
      body: this.#lineBody(status, body),
      // Nobody gets what its parts may have taken, so nobody is charged for it.
      usage: noUsage,
      isCached: false,
      provenance: this.#provenance(token),
    };
  }

  async #fromCache(plan: LinePlan): Promise<LineAnswer | undefined> {
    const key = this.#cacheKey(plan);
    if (key === undefined) return undefined;
    const found = await this.#deps.cache.get(this.#line.record.tenant, key);
    if (found === undefined) return undefined;
    const body = this.#lineBody(200, found.body);
    const isTraced = this.#line.record.options.provenance;
    const provenance = isTraced ? JSON.stringify({ cached: true, attempts: 0 }) : "";
    return { outcome: "completed", body, usage: found.usage, isCached: true, provenance };
  }

  async #toCache(plan: LinePlan, body: unknown): Promise<void> {
    const key = this.#cacheKey(plan);
    if (key === undefined) return;
    await this.#deps.cache.put(this.#line.record.tenant, key, { body, usage: usageOf(this.#collected) });
  }

  /** Undefined where the answer is not to be kept. */
  #cacheKey({ isDeterministic }: LinePlan): string | undefined {
    const { record, model, text } = this.#line;
    if (!record.options.resultCache || !isDeterministic) return undefined;
    const files = new Set(this.#deps.fleet.replicasOf(model).map(({ modelSha256 }) => modelSha256));
    // Where several files go by one name there is no telling which would answer.
    if (files.size > 1) return undefined;
    const [modelSha256] = files;
    return this.#deps.cache.digestOf({ endpoint: record.endpoint, model, modelSha256, body: text.body });
  }

  async #attemptPart(
    plan: LinePlan,
    part: number,
    how: Parameters<StartedLine["attempt"]>[1] & { readonly token: LineToken },
  ): Promise<
    { readonly kind: "done"; readonly acknowledge: () => void } | { kind: "failed"; failure: LineFailure }
  > {
    const { fleet, attempts, tickets, clock } = this.#deps;
    const { record, line, model, prefix } = this.#line;
    const { token, stop, failures, onSlot } = how;
    const attempt = new AbortController();
    const { signal } = attempt;
    const stopListening = stop.onSaid(() => attempt.abort());
    const asked = plan.parts[part]?.request;
    if (asked === undefined) throw new MusterError("internal", "A line has no such part.");
    const salt = cacheSalt(this.#deps.digest, record.tenant);
    const request = asked.task === "generate" ? { ...asked, cacheSalt: salt } : asked;
    let lease: SlotLease;
    try {
      lease = await fleet.acquire(model, {
        ...requestSize(request),
        laneClass: "batch",
        avoid: new Set(failures.flatMap(({ workerId }) => (workerId === undefined ? [] : [workerId]))),
        needs: plan.needs,
        signal,
        ...(prefix === 0 ? {} : { prefix: saltedPrefix(prefix, salt) }),
        onPreempt: () => attempt.abort(),
      });
    } catch {
      stopListening();
      return { kind: "failed", failure: { kind: "preempted" } };
    }
    onSlot(lease.workerId);
    const startedAtMs = clock.wallMs();
    const attemptId = partName({ batchId: record.id, line, gen: token.gen, part, parts: plan.parts.length });
    const { epoch } = token;
    const ticket = tickets.issue({ attemptId, epoch, workerId: lease.workerId });
    const named = { requestId: attemptId, epoch, request, ticket, payer: payerOf(record) };
    const outcome = await attempts.run(named, lease, { signal, delivery: "whole" });
    stopListening();
    onSlot(undefined);
    const { workerId, workerName } = lease;
    switch (outcome.kind) {
      case "finished": {
        const replica = fleet.replica(workerId, lease.replicaId);
        const source = { workerId, workerName, epoch: token.epoch, model, variant: replica?.variant };
        const { deltas, acknowledge, ...end } = outcome;
        const whole: WholeEnd = { end: { ...end, kind: "end", source }, deltas };
        const failure = this.#collect(plan, part, whole);
        if (failure !== undefined) {
          acknowledge();
          return { kind: "failed", failure: { ...failure, workerId } };
        }
        this.#origins.push({ source, replica, startedAtMs });
        return { kind: "done", acknowledge };
      }
      case "cancelled":
        // A worker that stops what nobody asked it to stop has lost it.
        return {
          kind: "failed",
          failure: signal.aborted ? { kind: "preempted" } : { kind: "worker_lost", workerId },
        };
      case "lost":
        return { kind: "failed", failure: { kind: "worker_lost", workerId } };
      case "failed":
        outcome.acknowledge?.();
        return { kind: "failed", failure: failureOfCode(outcome.code, outcome, workerId) };
      default:
        return outcome satisfies never;
    }
  }

  /** Takes up what a part has given; gives the failure where it makes no sense. */
  #collect(plan: LinePlan, part: number, { end, deltas }: WholeEnd): LineFailure | undefined {
    try {
      const { begin, add } = plan.parts[part] ?? { begin: () => undefined, add: () => {} };
      const state = begin();
      for (const delta of deltas) add(state, delta);
      this.#collected[part] = { state, end };
      return undefined;
    } catch (error) {
      const { code, message } = MusterError.from(error);
      return failureOfCode(code, { message }, end.source.workerId);
    }
  }

  #word(plan: LinePlan): { readonly body: unknown } | MusterError {
    try {
      return { body: plan.word(this.#collected) };
    } catch (error) {
      return MusterError.from(error);
    }
  }

  #complete(body: unknown, token: LineToken): LineAnswer {
    return {
      outcome: "completed",
      body: this.#lineBody(200, body),
      usage: usageOf(this.#collected),
      isCached: false,
      provenance: this.#provenance(token),
    };
  }

  #lineBody(status: number, body: unknown): Uint8Array {
    const { name, text } = this.#line;
    return lineBody({ name, customId: text.customId, status, body });
  }

  #provenance(token: LineToken): string {
    const { record, seed } = this.#line;
    if (!record.options.provenance) return "";
    return provenanceOf({ origins: this.#origins, seed, token, finishedAtMs: this.#deps.clock.wallMs() });
  }
}

function answered(answer: LineAnswer, acknowledge: () => void = () => {}): LineAttempt {
  return { kind: "answered", answer, acknowledge };
}

function usageOf(collected: readonly CollectedPart[]): LineUsage {
  if (collected.length === 0) return noUsage;
  const { reasoningTokens = 0, ...usage }: GenerateUsage = totalUsage(collected);
  return { ...usage, reasoningTokens };
}
