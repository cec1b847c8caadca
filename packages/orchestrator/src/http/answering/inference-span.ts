import type { EndReason, MusterError } from "@muster/base";
import type { FastifyRequest } from "fastify";
import {
  operationOf,
  reasonAttributes,
  requestAttributes,
  usageAttributes,
} from "../../core/tracing/gen-ai.ts";
import type { SpanRef } from "../../core/tracing/trace-context.ts";
import type { TokenCounts } from "../../core/usage/usage-row.ts";
import type { Span } from "../../ports/tracer.ts";
import type { HttpDeps } from "../http-deps.ts";
import type { Asked } from "./asked.ts";

/** What one HTTP request asks of a model, as a trace shows it: all its choices and attempts together. */
export class InferenceSpan {
  readonly #span: Span;
  readonly #beganAtMs: number;
  readonly #clock: HttpDeps["clock"];
  readonly #reasons: (EndReason | undefined)[] = [];
  #hasOutput = false;

  private constructor(span: Span, clock: HttpDeps["clock"]) {
    this.#span = span;
    this.#clock = clock;
    this.#beganAtMs = clock.nowMs();
  }

  /** Undefined where the request is not traced. */
  static begin(
    { tracer, clock }: Pick<HttpDeps, "tracer" | "clock">,
    { trace }: FastifyRequest,
    { target, requests, isStreamed }: Asked,
  ): InferenceSpan | undefined {
    const [first] = requests;
    if (tracer === undefined || trace.spanId === undefined || first === undefined) return undefined;
    const { name, model } = target;
    const span = tracer.child(trace, {
      name: `${operationOf(first)} ${name}`,
      kind: "client",
      attributes: requestAttributes({ name, model, requests, isStreamed }),
    });
    return span && new InferenceSpan(span, clock);
  }

  get ref(): SpanRef {
    return this.#span.ref;
  }

  output(): void {
    if (this.#hasOutput) return;
    this.#hasOutput = true;
    this.#span.event("first token");
    const seconds = (this.#clock.nowMs() - this.#beganAtMs) / 1_000;
    this.#span.set({ "gen_ai.response.time_to_first_chunk": seconds });
  }

  ended(choice: number, reason: EndReason): void {
    this.#reasons[choice] = reason;
  }

  close(failure: MusterError | undefined, taken: TokenCounts): void {
    this.#span.set({ ...usageAttributes(taken), ...reasonAttributes(this.#reasons) });
    this.#span.end(failure === undefined ? {} : { error: failure.code });
  }
}
