import { setMaxListeners } from "node:events";
import {
  type Clock,
  type Deferred,
  deferred,
  type GenerateRequest,
  type InferenceEvent,
  type InferenceRequest,
  MusterError,
} from "@muster/base";
import { createStopMatcher } from "../../core/stop-matcher.ts";
import type { EngineExit, EngineReplica, ReplicaInfo } from "../../ports/engine.ts";
import { echoTokens, lastText, promptTokenCount } from "./echo.ts";

export interface StubBehaviour {
  readonly tokensPerSecond: number;
  readonly firstTokenMs: number;
  readonly crashOn: string;
  readonly clock: Clock;
}

const defaultAnswerTokens = 16;
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
    if (request.task !== "generate")
      throw new MusterError("unsupported", `The stub engine cannot ${request.task}.`);
    this.#running += 1;
    try {
      yield* this.#answer(request, signal);
    } finally {
      this.#running -= 1;
    }
  }

  close(): Promise<void> {
    this.#end({ kind: "closed", detail: "closed" });
    return Promise.resolve();
  }

  async *#answer(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<InferenceEvent, void> {
    const { clock, crashOn, firstTokenMs } = this.#behaviour;
    const startMs = clock.nowMs();
    const text = lastText(request.prompt);
    if (text.includes(crashOn)) this.#end({ kind: "crashed", detail: "the prompt asked for it" });
    if (text.includes("!fail")) throw new MusterError("engine_failed", "The prompt asked for a failure.");
    if (text.includes("!hang")) await this.#wait(undefined, signal);
    this.#check(signal);
    const promptTokens = promptTokenCount(request.prompt);
    const { contextTokens } = this.info;
    if (promptTokens + 1 > contextTokens) {
      throw new MusterError(
        "context_length_exceeded",
        `The prompt has ${promptTokens} tokens, and the context of ${contextTokens} tokens must hold it and at least one token of the answer.`,
      );
    }
    if (firstTokenMs > 0) await this.#wait(firstTokenMs, signal);
    const firstMs = clock.nowMs();
    const limit = Math.min(request.maxTokens ?? defaultAnswerTokens, contextTokens - promptTokens);
    const tokenAt = echoTokens(text);
    const matcher = createStopMatcher(request.stop);
    let done = 0;
    let reported = 0;
    let isStopped = false;
    while (done < limit && !isStopped) {
      this.#check(signal);
      let piece = "";
      for (
        const due = await this.#dueTokens(done, firstMs, signal);
        done < due && done < limit && !isStopped;
        done++
      ) {
        const match = matcher.push(tokenAt(done));
        piece += match.text;
        isStopped = match.stopped;
      }
      this.#check(signal);
      if (piece !== "") {
        yield { kind: "text", text: piece, tokens: done - reported };
        reported = done;
      }
    }
    const rest = isStopped ? "" : matcher.flush();
    if (rest !== "") yield { kind: "text", text: rest, tokens: done - reported };
    const isFull = !isStopped && (request.maxTokens !== undefined || limit < defaultAnswerTokens);
    yield {
      kind: "end",
      reason: isFull ? "length" : "stop",
      usage: { promptTokens, cachedTokens: 0, completionTokens: done },
      timings: { prefillMs: firstMs - startMs, decodeMs: clock.nowMs() - firstMs },
    };
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
