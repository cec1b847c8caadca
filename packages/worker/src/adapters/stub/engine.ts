/**
 * An engine without a model, for load tests and for tests of everything around an engine. It answers with the words
 * of the last message (or of the text prompt) over and over, one word a token, at a speed that the test sets; the
 * same prompt always gets the same answer, whatever the sampling. Without `maxTokens` an answer ends by itself
 * ("stop") after 16 tokens; otherwise it ends at `maxTokens`, at a stop string or when the context is full. Any model
 * path loads, by habit one that starts with `stub:`; the disk is not touched.
 *
 * Words in the prompt that make it fail on purpose:
 * - `!crash` (or `crashOn`): the replica exits as crashed, and every running answer throws `engine_crashed`;
 * - `!hang`: gives nothing until it is cancelled or the replica is closed;
 * - `!fail`: throws `engine_failed`.
 */
import { type Clock, MusterError, systemClock } from "@muster/base";
import type { Engine, ReplicaInfo } from "../../ports/engine.ts";
import { StubReplica } from "./replica.ts";

export interface StubEngineOptions {
  /** For each answer; 0 or undefined: as fast as the event loop turns. */
  readonly tokensPerSecond?: number | undefined;
  /** From the request to the first token; undefined: 0. */
  readonly firstTokenMs?: number | undefined;
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
        architecture: "stub",
        fileBytes: 0,
        contextTokens: spec.contextTokens ?? defaultContextTokens,
        slots: spec.slots,
        threads: spec.threads ?? 1,
        backend: "cpu",
        loadMs: 0,
        capabilities: ["chat", "completion"],
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
