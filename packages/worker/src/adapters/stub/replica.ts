import { setMaxListeners } from "node:events";
import {
  type Clock,
  type Deferred,
  deferred,
  type GenerateRequest,
  type InferenceEvent,
  type InferenceRequest,
  MusterError,
  neededCapabilities,
} from "@muster/base";
import type { EngineExit, EngineReplica, ReplicaInfo } from "../../ports/engine.ts";
import { type AnswerPlan, planAnswer } from "./answer-plan.ts";
import { PieceGatherer } from "./piece-gatherer.ts";
import { answerTexts, textsOf, usageOfTexts } from "./texts.ts";
import { lastText, promptTokens } from "./words.ts";

export interface StubBehaviour {
  readonly tokensPerSecond: number;
  readonly firstTokenMs: number;
  readonly crashOn: string;
  readonly clock: Clock;
}

/** A word that keeps an answer from beginning. */
const hang = "!hang";
/** At full speed a piece carries this many tokens: about what a real engine's pieces carry. */
const tokensPerPiece = 8;

export class StubReplica implements EngineReplica {
  readonly info: ReplicaInfo;
  readonly exited: Promise<EngineExit>;
  readonly #behaviour: StubBehaviour;
  readonly #exit: Deferred<EngineExit> = deferred<EngineExit>();
  readonly #gone = new AbortController();
  #running = 0;

  constructor(info: ReplicaInfo, behaviour: StubBehaviour) {
    this.info = info;
    this.#behaviour = behaviour;
    this.exited = this.#exit.promise;
    // One listener per waiting answer: not a leak, however many slots there are.
    setMaxListeners(0, this.#gone.signal);
  }

  async *infer(request: InferenceRequest, signal: AbortSignal): AsyncGenerator<InferenceEvent, void> {
    this.#check(signal);
    if (this.#running >= this.info.slots) {
      throw new MusterError("engine_failed", `All ${this.info.slots} slots of the replica are busy.`);
    }
    const needs = [...neededCapabilities(request)];
    const missing = needs.find((need) => !this.info.capabilities.includes(need));
    if (missing !== undefined) throw new MusterError("unsupported", `The stub engine cannot do: ${missing}.`);
    this.#running += 1;
    try {
      if (request.task === "generate") yield* this.#answer(request, signal);
      else yield* this.#answerTexts(request, signal);
    } finally {
      this.#running -= 1;
    }
  }

  close(): Promise<void> {
    this.#end({ kind: "closed", detail: "closed" });
    return Promise.resolve();
  }

  async *#answer(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<InferenceEvent, void> {
    const { clock, firstTokenMs } = this.#behaviour;
    const startMs = clock.nowMs();
    const text = lastText(request.prompt);
    this.#provoke(text);
    if (text.includes(hang)) await this.#wait(undefined, signal);
    this.#check(signal);
    const promptTokenCount = Math.max(1, promptTokens(request).length);
    const room = this.#roomAfter(promptTokenCount);
    const waitMs = firstTokenMs + waitAskedMs(text);
    if (waitMs > 0) await this.#wait(waitMs, signal);
    const firstMs = clock.nowMs();
    const plan = planAnswer(request);
    const limit = Math.min(plan.length, request.maxTokens ?? plan.length, room);
    const gathered = new PieceGatherer(request);
    let done = 0;
    while (done < limit && gathered.stopText === undefined) {
      this.#check(signal);
      const due = Math.min(limit, await this.#dueTokens(done, firstMs, signal));
      while (done < due && gathered.stopText === undefined) gathered.add(plan.tokenAt(done++));
      this.#check(signal);
      yield* gathered.take();
      if (text.includes("!break")) throw new MusterError("engine_failed", "The prompt asked for a break.");
    }
    yield* gathered.flush();
    const { stopText } = gathered;
    yield {
      kind: "end",
      reason: stopText !== undefined ? "stop" : limit < plan.length ? "length" : plan.reason,
      ...(stopText === undefined ? {} : { stopText }),
      usage: {
        promptTokens: promptTokenCount,
        cachedTokens: 0,
        completionTokens: done,
        reasoningTokens: reasoningAmong(plan, done),
      },
      timings: { prefillMs: firstMs - startMs, decodeMs: clock.nowMs() - firstMs },
    };
  }

  async *#answerTexts(
    request: Exclude<InferenceRequest, GenerateRequest>,
    signal: AbortSignal,
  ): AsyncGenerator<InferenceEvent, void> {
    const { clock } = this.#behaviour;
    const startMs = clock.nowMs();
    const texts = textsOf(request);
    for (const text of texts) this.#provoke(text);
    if (texts.some((text) => text.includes(hang))) await this.#wait(undefined, signal);
    for (const delta of answerTexts(request)) {
      this.#check(signal);
      yield delta;
    }
    const timings = { prefillMs: clock.nowMs() - startMs, decodeMs: 0 };
    yield { kind: "end", reason: "stop", usage: usageOfTexts(request), timings };
  }

  /** Does what words of a prompt ask for in the way of trouble. */
  #provoke(text: string): void {
    if (text.includes(this.#behaviour.crashOn))
      this.#end({ kind: "crashed", detail: "the prompt asked for it" });
    if (text.includes("!fail")) throw new MusterError("engine_failed", "The prompt asked for a failure.");
    if (text.includes("!refuse"))
      throw new MusterError("invalid_request", "The prompt asked to be refused.", { param: "messages" });
  }

  #roomAfter(promptTokenCount: number): number {
    const { contextTokens } = this.info;
    if (promptTokenCount + 1 <= contextTokens) return contextTokens - promptTokenCount;
    throw new MusterError(
      "context_length_exceeded",
      `The prompt has ${promptTokenCount} tokens, and the context of ${contextTokens} tokens must hold it and at least one token of the answer.`,
    );
  }

  /** Waits for the next token's time; gives how many tokens are due by then. */
  async #dueTokens(done: number, firstMs: number, signal: AbortSignal): Promise<number> {
    const { tokensPerSecond, clock } = this.#behaviour;
    if (tokensPerSecond <= 0) {
      await new Promise((resolve) => setImmediate(resolve));
      return done + tokensPerPiece;
    }
    const tokenMs = 1000 / tokensPerSecond;
    const nextMs = firstMs + done * tokenMs;
    const waitMs = nextMs - clock.nowMs();
    if (waitMs > 0) await this.#wait(waitMs, signal);
    return Math.max(done + 1, Math.floor((clock.nowMs() - firstMs) / tokenMs) + 1);
  }

  /** Until the time is over (undefined: never), the caller cancels or the replica ends. */
  async #wait(waitMs: number | undefined, signal: AbortSignal): Promise<void> {
    const over = deferred<void>();
    const stop = waitMs === undefined ? () => {} : this.#behaviour.clock.after(waitMs, over.resolve);
    const signals = [signal, this.#gone.signal];
    const onAbort = () => over.resolve();
    for (const each of signals) each.addEventListener("abort", onAbort);
    if (!signals.some((each) => each.aborted)) await over.promise;
    for (const each of signals) each.removeEventListener("abort", onAbort);
    stop();
    this.#check(signal);
  }

  #check(signal: AbortSignal): void {
    if (this.#gone.signal.aborted) throw this.#gone.signal.reason;
    if (signal.aborted) throw new MusterError("cancelled", "The answer was cancelled.");
  }

  #end(exit: EngineExit): void {
    if (this.#gone.signal.aborted) return;
    const error =
      exit.kind === "closed"
        ? new MusterError("engine_failed", "The replica was closed before the answer ended.")
        : new MusterError("engine_crashed", `The engine died (${exit.detail}).`);
    this.#gone.abort(error);
    this.#exit.resolve(exit);
  }
}

function waitAskedMs(text: string): number {
  return Number(/!wait:(\d{1,7})\b/.exec(text)?.[1] ?? 0);
}

function reasoningAmong(plan: AnswerPlan, tokens: number): number {
  let count = 0;
  while (count < tokens && plan.tokenAt(count).kind === "reasoning") count += 1;
  return count;
}
