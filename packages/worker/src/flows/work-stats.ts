import type { InferenceEnd, ProcessStats } from "@muster/base";
import type { ProcessUsage } from "../ports/process-usage.ts";

/** What this worker's process takes and has done since it began, told with each beat. */
export class WorkStats {
  readonly #usage: Pick<ProcessUsage, "read">;
  #engineCrashes = 0;
  #promptTokens = 0;
  #generationTokens = 0;
  #prefillMs = 0;
  #decodeMs = 0;

  constructor(usage: Pick<ProcessUsage, "read">) {
    this.#usage = usage;
  }

  answered({ usage, timings }: Pick<InferenceEnd, "usage" | "timings">): void {
    this.#promptTokens += Math.max(0, usage.promptTokens - usage.cachedTokens);
    this.#generationTokens += usage.completionTokens;
    this.#prefillMs += timings.prefillMs;
    this.#decodeMs += timings.decodeMs;
  }

  engineCrashed(): void {
    this.#engineCrashes += 1;
  }

  read(): ProcessStats {
    return {
      ...this.#usage.read(),
      engineCrashes: this.#engineCrashes,
      promptTokens: this.#promptTokens,
      generationTokens: this.#generationTokens,
      prefillSeconds: this.#prefillMs / 1_000,
      decodeSeconds: this.#decodeMs / 1_000,
    };
  }
}
