import type { ErrorCode, GenerateUsage, InferenceEnd, InferenceRequest, MusterError } from "@muster/base";
import type { FastifyReply, FastifyRequest } from "fastify";
import { promptKeyOf, promptTokensOf, reserveOf } from "../../core/quota/estimate.ts";
import type { TraceRef } from "../../core/tracing/trace-context.ts";
import type { Payer, TokenCounts } from "../../core/usage/usage-row.ts";
import type { HeldQuota } from "../../flows/quota/quota-desk.ts";
import type { HttpDeps } from "../http-deps.ts";
import type { Asked } from "./asked.ts";
import { InferenceSpan } from "./inference-span.ts";
import { anthropicRateHeaders, rateHeaders } from "./rate-headers.ts";

/** How a request ends that its client wanted no more, or not for so long. */
const givenUp: ReadonlySet<ErrorCode> = new Set(["cancelled", "deadline_exceeded"]);

/** What is known of one choice or part. */
interface Seen {
  readonly request: InferenceRequest;
  /** A worker has it. */
  isBegun: boolean;
  hasOutput: boolean;
  completionTokens: number;
  /** Once it has ended well. */
  usage: GenerateUsage | undefined;
}

interface AccountDeps extends Pick<HttpDeps, "clock" | "tracer"> {
  readonly quota: Pick<HttpDeps["quota"], "admit">;
  readonly usage: Pick<HttpDeps["usage"], "answered">;
}

/** What one HTTP request takes: let in at its beginning, counted while it is answered, settled once at its end. */
export class RequestAccount {
  readonly #deps: AccountDeps;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  readonly #model: string;
  #seen: readonly Seen[] = [];
  #held: HeldQuota | undefined;
  #span: InferenceSpan | undefined;
  #isAdmitted = false;
  #isGivenUp = false;
  #settling: Promise<void> = Promise.resolve();

  constructor(
    deps: AccountDeps,
    { request, reply, model }: { request: FastifyRequest; reply: FastifyReply; model: string },
  ) {
    this.#deps = deps;
    this.#request = request;
    this.#reply = reply;
    this.#model = model;
  }

  get payer(): Payer {
    const { keyId, tenant } = this.#request.principal;
    return { keyId, tenant, class: "interactive" };
  }

  /** What its answers are a part of. */
  get trace(): TraceRef {
    return this.#span?.ref ?? this.#request.trace;
  }

  /** It is known now what is asked for. */
  asked(asked: Asked): void {
    this.#span ??= InferenceSpan.begin(this.#deps, this.#request, asked);
  }

  /** Throws `rate_limited`, `quota_exceeded`, `request_too_large` and `store_unavailable`; says in headers what is left. */
  async admit(requests: readonly InferenceRequest[]): Promise<void> {
    const { principal, id } = this.#request;
    const entry = await this.#deps.quota.admit(principal, {
      leaseId: id,
      reserve: reserveOf(requests),
      answers: requests.length,
    });
    if (entry.kind !== "free") this.#sayLeft(entry.view);
    if (entry.kind === "refused") throw entry.error;
    if (entry.kind === "held") this.#held = entry;
    this.#isAdmitted = true;
    this.#seen = requests.map((request) => ({
      ...{ request, isBegun: false, hasOutput: false, completionTokens: 0, usage: undefined },
    }));
  }

  /** An answer is begun; what an earlier attempt has given counts for nothing. */
  started(answer: number): void {
    const seen = this.#seen[answer];
    if (seen === undefined) return;
    seen.isBegun = true;
    seen.completionTokens = 0;
    seen.hasOutput = false;
  }

  output(answer: number, tokens: number): void {
    this.#span?.output();
    const seen = this.#seen[answer];
    if (seen === undefined) return;
    seen.hasOutput = true;
    seen.completionTokens += tokens;
  }

  /** Settled before its last word is sent, which does not wait for the store: it was told first. */
  ended(answer: number, { usage, reason }: Pick<InferenceEnd, "usage" | "reason">): void {
    this.#span?.ended(answer, reason);
    const seen = this.#seen[answer];
    if (seen === undefined) return;
    seen.usage = usage;
    if (this.#seen.some((one) => one.usage === undefined)) return;
    this.#settling = this.#settle();
  }

  /** The request is over, however it ended. */
  async close(failure: MusterError | undefined): Promise<void> {
    this.#isGivenUp = failure !== undefined && givenUp.has(failure.code);
    this.#span?.close(failure, this.#tokens());
    if (!this.#isAdmitted) return;
    this.#isAdmitted = false;
    const outcome = failure === undefined ? "ok" : "failed";
    this.#deps.usage.answered({ ...this.payer, model: this.#model }, outcome, this.#tokens());
    await this.#settling;
    await this.#settle();
  }

  async #settle(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    const { promptTokens, completionTokens } = this.#tokens();
    await held.settle(promptTokens + completionTokens);
  }

  /**
   * As the client is told: a prompt counts once for its choices. Of one that was cut off it is an estimate, and counts as
   * soon as a worker reads it where it was the client who gave up: who leaves each time before the first token would
   * have whatever workers read for nothing.
   */
  #tokens(): TokenCounts {
    const counted = new Set<object>();
    let [promptTokens, cachedTokens, completionTokens] = [0, 0, 0];
    for (const { request, usage, isBegun, hasOutput, completionTokens: written } of this.#seen) {
      completionTokens += usage?.completionTokens ?? written;
      const prompt = promptKeyOf(request);
      const isRead = usage !== undefined || hasOutput || (isBegun && this.#isGivenUp);
      if (counted.has(prompt) || !isRead) continue;
      counted.add(prompt);
      promptTokens += usage?.promptTokens ?? promptTokensOf(request);
      cachedTokens += usage?.cachedTokens ?? 0;
    }
    return { promptTokens, cachedTokens, completionTokens };
  }

  #sayLeft(view: HeldQuota["view"]): void {
    rateHeaders(this.#reply, view);
    const isAnthropic = this.#request.routeOptions.url?.startsWith("/v1/messages") === true;
    if (isAnthropic) anthropicRateHeaders(this.#reply, view, this.#deps.clock.wallMs());
  }
}
