import type { InferenceEvent } from "@muster/base";
import type { Upstream } from "./upstream.ts";

/** The end of what generates no tokens. */
export function endOf(upstream: Upstream, promptTokens: number, startMs: number): InferenceEvent {
  return {
    kind: "end",
    reason: "stop",
    usage: { promptTokens, cachedTokens: 0, completionTokens: 0 },
    timings: { prefillMs: upstream.api.clock.nowMs() - startMs, decodeMs: 0 },
  };
}
