import {
  type Deferred,
  deferred,
  type InferenceEvent,
  type InferenceRequest,
  Mailbox,
  MusterError,
} from "@muster/base";
import type { EngineExit, EngineReplica, ReplicaInfo } from "../../ports/engine.ts";
import type { AnswerItem, ChildRequest, Failure } from "./child-messages.ts";
import type { EngineProcess } from "./engine-process.ts";

/** Pieces that a stalled reader may leave unread, at most one per 20 ms: over a minute of an answer. */
const maxUnreadEvents = 4096;

interface OpenAnswer {
  readonly events: Mailbox<InferenceEvent>;
  /** Settles when the child is done with the answer, so that its slot is free again. */
  readonly over: Deferred<void>;
}

/** The parent's side of a loaded model: hands requests to the child and its events to the readers. */
export class ChildReplica implements EngineReplica {
  readonly info: ReplicaInfo;
  readonly exited: Promise<EngineExit>;
  readonly #child: EngineProcess;
  readonly #answers = new Map<number, OpenAnswer>();
  #nextId = 1;
  #exit: EngineExit | undefined;

  constructor(info: ReplicaInfo, child: EngineProcess) {
    this.info = info;
    this.#child = child;
    this.exited = child.exited.then((exit) => {
      this.#exit = exit;
      for (const [id, answer] of this.#answers) {
        answer.events.fail(this.#goneError(exit));
        this.#close(id, answer);
      }
      return exit;
    });
  }

  async *infer(request: InferenceRequest, signal: AbortSignal): AsyncGenerator<InferenceEvent, void> {
    if (signal.aborted) throw cancelled();
    if (this.#exit !== undefined) throw this.#goneError(this.#exit);
    if (this.#answers.size >= this.info.slots) {
      throw new MusterError("engine_failed", `All ${this.info.slots} slots of the replica are busy.`);
    }
    const id = this.#nextId++;
    const answer: OpenAnswer = { events: new Mailbox(maxUnreadEvents), over: deferred() };
    this.#answers.set(id, answer);
    const onAbort = () => this.#cancel(id);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      this.#ask(id, request, answer);
      for await (const event of answer.events) {
        // An end without the text before it would pass for a whole answer.
        if (signal.aborted) throw cancelled();
        yield event;
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      // A reader that left early gets back only when the slot is free: it may ask for the next answer at once.
      this.#cancel(id);
      if (this.#answers.has(id)) await answer.over.promise;
    }
  }

  receive(items: readonly AnswerItem[]): void {
    for (const item of items) this.#receiveOne(item);
  }

  async close(): Promise<void> {
    await this.#child.kill();
    await this.exited;
  }

  #receiveOne(item: AnswerItem): void {
    const answer = this.#answers.get(item.id);
    if (answer === undefined) return;
    if ("failure" in item) {
      answer.events.fail(toError(item.failure));
      this.#close(item.id, answer);
      return;
    }
    if (!answer.events.push(item.event)) {
      // Full, or its reader is gone already: then the failure reaches nobody.
      answer.events.fail(
        new MusterError(
          "engine_failed",
          `The answer was given up: its reader left ${maxUnreadEvents} pieces unread.`,
        ),
      );
      if (item.event.kind !== "end") this.#cancel(item.id);
    }
    if (item.event.kind === "end") {
      answer.events.close();
      this.#close(item.id, answer);
    }
  }

  #ask(id: number, request: InferenceRequest, answer: OpenAnswer): void {
    try {
      this.#child.send({ kind: "infer", id, request: toChildRequest(request) });
    } catch (error) {
      // The child knows nothing of it, and will never say that it is over.
      this.#close(id, answer);
      if (error instanceof RangeError) {
        throw new MusterError("invalid_request", "The request is nested too deeply. Flatten it.", {
          cause: error,
        });
      }
      throw error;
    }
  }

  #close(id: number, answer: OpenAnswer): void {
    this.#answers.delete(id);
    answer.over.resolve();
  }

  #cancel(id: number): void {
    if (this.#answers.has(id) && this.#exit === undefined) {
      try {
        this.#child.send({ kind: "cancel", id });
      } catch {
        // The child is gone: its exit ends the answer.
      }
    }
  }

  #goneError(exit: EngineExit): MusterError {
    if (exit.kind === "closed") {
      return new MusterError("engine_failed", "The replica was closed before the answer ended.");
    }
    const words = this.#child.lastWords();
    return new MusterError(
      "engine_crashed",
      `The engine process died (${exit.detail}).${words === "" ? "" : ` Its last words:\n${words}`}`,
    );
  }
}

function toChildRequest(request: InferenceRequest): ChildRequest {
  if (request.task !== "generate") return request;
  const { maxTokens, ...rest } = request;
  return maxTokens === undefined ? rest : { ...rest, maxTokens };
}

function cancelled(): MusterError {
  return new MusterError("cancelled", "The answer was cancelled.");
}

function toError(failure: Failure): MusterError {
  return new MusterError(
    failure.code,
    failure.message,
    failure.param === undefined ? {} : { param: failure.param },
  );
}
