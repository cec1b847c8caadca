import type { Token } from "node-llama-cpp";
import type { CachedSequence } from "./cached-sequence.ts";
import type { NativeContext, NativeEngine, NativeSampler } from "./native-context.ts";

interface BatchEntry {
  readonly sequenceId: number;
  readonly tokens: readonly number[];
}

/** Gives the token after the last one of the sequence; a seed is needed, as with the real one. */
class FakeSampler implements NativeSampler {
  applyConfig(config: Readonly<Record<string, unknown>>): void {
    if (typeof config["seed"] !== "number") throw new Error("no seed");
  }
  dispose(): void {}
}

/**
 * A context that keeps what llama.cpp's would: each sequence's tokens by position, and with `windowTokens` only that
 * many of the latest cells. It refuses what llama.cpp would refuse or get wrong.
 */
export function fakeNativeEngine(
  options: {
    readonly windowTokens?: number;
    readonly withStep?: boolean;
    /** How long a step with so many tokens takes, on the fake's own clock. */
    readonly stepMs?: (tokens: number) => number;
  } = {},
) {
  let timeMs = 0;
  const cells = new Map<number, number[]>();
  const batches: BatchEntry[][] = [];
  const copies: [to: number, from: number][] = [];
  let batch: BatchEntry[] = [];
  let room = 0;
  let isDecoding = false;
  let fails = false;
  let sampling = 0;
  let failing: NativeSampler | undefined;
  const of = (id: number) => cells.get(id) ?? [];
  const betweenSteps = () => {
    if (isDecoding || sampling > 0) throw new Error("the context was used during a step");
  };
  const context: NativeContext = {
    initBatch(tokens) {
      betweenSteps();
      batch = [];
      room = tokens;
    },
    addToBatch(sequenceId, firstPosition, tokens, withLogits) {
      if (firstPosition !== of(sequenceId).length) throw new Error(`position ${firstPosition} is not next`);
      const before = batch.reduce((sum, entry) => sum + entry.tokens.length, 0);
      if (before + tokens.length > room) throw new Error("the batch is full");
      batch.push({ sequenceId, tokens: [...tokens] });
      return withLogits.map((index) => before + index);
    },
    async decodeBatch() {
      betweenSteps();
      isDecoding = true;
      await new Promise((resolve) => setImmediate(resolve));
      isDecoding = false;
      if (fails) throw new Error("the step failed");
      batches.push(batch);
      timeMs += options.stepMs?.(batch.reduce((sum, { tokens }) => sum + tokens.length, 0)) ?? 1;
      for (const { sequenceId, tokens } of batch) cells.set(sequenceId, [...of(sequenceId), ...tokens]);
    },
    async sampleToken(place, sampler) {
      if (isDecoding) throw new Error("sampled during a step");
      if (sampler === failing) throw new Error("no token is allowed");
      // On a thread of its own: it may still be at it when another has failed.
      sampling += 1;
      await new Promise((resolve) => setImmediate(resolve));
      sampling -= 1;
      return tokenAfter(batch, place);
    },
    removeTokenCellsFromSequence(id, from) {
      betweenSteps();
      const { windowTokens } = options;
      if (windowTokens !== undefined && of(id).length - windowTokens * 2 > Math.max(0, from - windowTokens)) {
        throw new Error("cut where the window lacks cells");
      }
      cells.set(id, of(id).slice(0, from));
      return true;
    },
    disposeSequence(id) {
      betweenSteps();
      cells.delete(id);
    },
    // As with llama.cpp a window keeps more than it needs: here twice as much.
    getSequenceKvCacheMinPosition(id) {
      betweenSteps();
      const { length } = of(id);
      if (length === 0) return -1;
      return options.windowTokens === undefined ? 0 : Math.max(0, length - options.windowTokens * 2);
    },
    async copySequenceStateFromOtherSequence(to, from) {
      betweenSteps();
      copies.push([to, from]);
      cells.set(to, [...of(from)]);
      return of(from).length - 1;
    },
    setThreads() {},
  };
  const engine: NativeEngine = {
    context,
    createSampler: () => new FakeSampler(),
    step: options.withStep
      ? async (places, samplers) => {
          await context.decodeBatch();
          return places.map((place, i) =>
            samplers[i] === failing ? "no token is allowed" : tokenAfter(batch, place),
          );
        }
      : undefined,
  };
  return {
    engine,
    batches,
    copies,
    cellsOf: of,
    nowMs: () => timeMs,
    failNextSteps(value: boolean) {
      fails = value;
    },
    /** From now on this sampler finds no token. */
    failSampler(sampler: NativeSampler) {
      failing = sampler;
    },
    sequences: (count: number): CachedSequence[] =>
      Array.from({ length: count }, (_, id) => ({ id, tokens: [], sampler: engine.createSampler() })),
  };
}

function tokenAfter(batch: readonly BatchEntry[], place: number): number {
  const all = batch.flatMap(({ tokens }) => tokens);
  return (all[place] ?? Number.NaN) + 1;
}

export function tokens(...values: readonly number[]): Token[] {
  return values as Token[];
}

/** `length` tokens, different for each `start`. */
export function run(start: number, length: number): Token[] {
  return tokens(...Array.from({ length }, (_, i) => start + i));
}
