/**
 * An engine without a model, for load tests and for tests of everything around an engine. It answers with the words
 * of the last message (or of the text prompt) over and over, one word a token, at a speed that the test sets; the
 * same request always gets the same answer. Without `maxTokens` an answer ends by itself ("stop") after 16 tokens;
 * otherwise it ends at `maxTokens`, at a stop string or when the context is full. A wanted form of JSON gets a small
 * value of that form, probabilities are made up, vectors count words, scores are shares of words. Any model path
 * loads, by habit one that starts with `stub:`; the disk is not touched. `stub:plain` can only chat and complete.
 *
 * Words in the prompt that ask for more:
 * - `!think:so_it_is`: thinks "so it is" first, unless thinking is off;
 * - `!tool:NAME{...}`: calls that tool, if it is offered, with those arguments;
 * - `!crash` (or `crashOn`): the replica exits as crashed, and every running answer throws `engine_crashed`;
 * - `!wait:250`: gives its first token 250 ms later;
 * - `!hang`: gives nothing until it is cancelled or the replica is closed;
 * - `!fail`: throws `engine_failed`; `!break`: the same after the first piece;
 * - `!refuse`: throws `invalid_request`, as an engine does whose chat template cannot render the messages.
 */
import { type Clock, capabilities, MusterError, systemClock } from "@muster/base";
import type { Engine, ReplicaInfo } from "../../ports/engine.ts";
import { StubReplica } from "./replica.ts";

export interface StubEngineOptions {
  /** For each answer; 0 or undefined: as fast as the event loop turns. */
  readonly tokensPerSecond?: number | undefined;
  /** From the request to the first token; undefined: 0. */
  readonly firstTokenMs?: number | undefined;
  /** What a replica says that it has of a GPU, which it does not touch; 0 or undefined: it says nothing. */
  readonly vramBytes?: number | undefined;
  /** Text in a prompt that crashes the replica; undefined: `!crash`. */
  readonly crashOn?: string | undefined;
  readonly clock?: Clock | undefined;
}

const defaultContextTokens = 8192;

export function createStubEngine(options: StubEngineOptions = {}): Engine {
  return {
    name: "stub",
    async load(spec, { signal, onProgress }) {
      if (signal.aborted) throw new MusterError("cancelled", `Loading ${spec.modelPath} was cancelled.`);
      onProgress(1);
      const info: ReplicaInfo = {
        engine: "stub",
        engineVersion: "stub 1",
        architecture: "stub",
        fileBytes: 0,
        contextTokens: spec.contextTokens ?? defaultContextTokens,
        slots: spec.slots,
        threads: spec.threads ?? 1,
        backend: "cpu",
        loadMs: 0,
        ...(options.vramBytes ? { memory: { vramBytes: options.vramBytes, ramBytes: 0 } } : {}),
        capabilities: spec.modelPath === "stub:plain" ? ["chat", "completion"] : capabilities,
      };
      return new StubReplica(info, {
        tokensPerSecond: options.tokensPerSecond ?? 0,
        firstTokenMs: options.firstTokenMs ?? 0,
        crashOn: options.crashOn ?? "!crash",
        clock: options.clock ?? systemClock,
      });
    },
  };
}
