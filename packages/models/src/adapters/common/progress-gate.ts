import type { Clock } from "@muster/base";
import type { ModelProgress } from "../../ports/model-store.ts";

/** Four reports a second are enough for people, and few enough for a link. */
const gapMs = 250;

export interface ProgressGate {
  /** Passes the report on, unless one went through a moment ago. */
  report(progress: ModelProgress): void;
  /** Passes the report on in any case. */
  finish(progress: ModelProgress): void;
}

export function createProgressGate(
  onProgress: (progress: ModelProgress) => void,
  clock: Clock,
): ProgressGate {
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    report(progress) {
      const nowMs = clock.nowMs();
      if (nowMs - lastMs < gapMs) return;
      lastMs = nowMs;
      onProgress(progress);
    },
    finish(progress) {
      lastMs = clock.nowMs();
      onProgress(progress);
    },
  };
}
