import type { Token } from "node-llama-cpp";
import type { NativeSampler } from "./native-context.ts";

/** One of the context's sequences: what its cache holds, and its sampler, which is too big to make per answer. */
export interface CachedSequence {
  readonly id: number;
  /** The tokens in the cache, by position. Whoever changes the cache changes this with it. */
  readonly tokens: Token[];
  readonly sampler: NativeSampler;
}
