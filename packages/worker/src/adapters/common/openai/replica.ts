import { setMaxListeners } from "node:events";
import { type InferenceEvent, type InferenceRequest, MusterError, neededCapabilities } from "@muster/base";
import type { EngineExit, EngineReplica, ReplicaInfo } from "../../../ports/engine.ts";
import { HttpFailure } from "../http-call.ts";
import { embed } from "./embed.ts";
import { callError } from "./errors.ts";
import { generate } from "./generate.ts";
import { createPrefixSharing } from "./prefix-sharing.ts";
import { rerank } from "./rerank.ts";
import { tokenize } from "./tokenize.ts";
import type { Upstream } from "./upstream.ts";

/** What keeps the server behind a replica alive, or watches over it. */
export interface UpstreamLife {
  /** Settles once, when the server can answer no more. Never rejects. */
  readonly exited: Promise<EngineExit>;
  /** Settles when the server is gone, or is ours no more; safe to call twice. */
  close(): Promise<void>;
  /** An answer's connection broke, or (`isRefused`) nobody listens: settles when it is known whether the server is gone. */
  broke(isRefused: boolean): Promise<void>;
  /** The server's last lines; "" for none. */
  lastWords(): string;
}

/** A model that a server with OpenAI's API runs. */
export class UpstreamReplica implements EngineReplica {
  readonly info: ReplicaInfo;
  readonly exited: Promise<EngineExit>;
  readonly #upstream: Upstream;
  readonly #life: UpstreamLife;
  readonly #gone = new AbortController();
  readonly #mayShare = createPrefixSharing();
  #running = 0;

  constructor(info: ReplicaInfo, upstream: Upstream, life: UpstreamLife) {
    this.info = info;
    this.#upstream = upstream;
    this.#life = life;
    // One listener per running answer: not a leak, however many slots there are.
    setMaxListeners(0, this.#gone.signal);
    this.exited = life.exited.then((exit) => {
      this.#gone.abort(this.#goneError(exit));
      return exit;
    });
  }

  async *infer(request: InferenceRequest, signal: AbortSignal): AsyncGenerator<InferenceEvent, void> {
    this.#check(signal);
    if (this.#running >= this.info.slots) {
      throw new MusterError("engine_failed", `All ${this.info.slots} slots of the replica are busy.`);
    }
    refuseUnable(request, this.info);
    const call = new AbortController();
    const onAbort = () => call.abort();
    const signals = [signal, this.#gone.signal];
    for (const each of signals) each.addEventListener("abort", onAbort, { once: true });
    this.#running += 1;
    try {
      for await (const event of this.#run(request, call.signal)) {
        // An end without the text before it would pass for a whole answer.
        this.#check(signal);
        yield event;
      }
    } catch (error) {
      throw await this.#explain(error, signal);
    } finally {
      this.#running -= 1;
      for (const each of signals) each.removeEventListener("abort", onAbort);
      call.abort();
    }
  }

  async close(): Promise<void> {
    this.#gone.abort(new MusterError("engine_failed", "The replica was closed before the answer ended."));
    await this.#life.close();
    await this.exited;
  }

  #run(request: InferenceRequest, signal: AbortSignal): AsyncGenerator<InferenceEvent, void> {
    const upstream = this.#upstream;
    switch (request.task) {
      case "generate":
        return generate(upstream, request, { signal, mayShare: this.#mayShare(request.cacheSalt) });
      case "embed":
        return embed(upstream, request, signal);
      case "rerank":
        return rerank(upstream, request, signal);
      case "tokenize":
        return tokenize(upstream, request, signal);
      default:
        return request satisfies never;
    }
  }

  #check(signal: AbortSignal): void {
    if (this.#gone.signal.aborted) throw this.#gone.signal.reason;
    if (signal.aborted) throw new MusterError("cancelled", "The answer was cancelled.");
  }

  /** What an error of a call means for its reader. */
  async #explain(error: unknown, signal: AbortSignal): Promise<MusterError> {
    if (signal.aborted) return new MusterError("cancelled", "The answer was cancelled.");
    const meant = callError(this.#upstream, error);
    if (meant.code === "engine_crashed" && !this.#gone.signal.aborted) {
      await this.#life.broke(error instanceof HttpFailure && error.kind === "refused");
    }
    return this.#gone.signal.aborted ? MusterError.from(this.#gone.signal.reason) : meant;
  }

  #goneError(exit: EngineExit): MusterError {
    if (exit.kind === "closed") {
      return new MusterError("engine_failed", "The replica was closed before the answer ended.");
    }
    const words = this.#life.lastWords();
    return new MusterError(
      "engine_crashed",
      `${this.#upstream.name} is gone (${exit.detail}).${words === "" ? "" : ` Its last words:\n${words}`}`,
    );
  }
}

/** Servers ignore what they do not know: an answer without what was asked for would pass for one with it. */
function refuseUnable(request: InferenceRequest, { capabilities, engine }: ReplicaInfo): void {
  const missing = [...neededCapabilities(request)].filter((each) => !capabilities.includes(each));
  if (missing.length > 0) {
    throw new MusterError("unsupported", `This model on ${engine} cannot do ${missing.join(" and ")}.`);
  }
}
