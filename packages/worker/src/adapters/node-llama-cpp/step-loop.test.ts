import { describe, expect, it } from "vitest";
import type { CachedSequence } from "./cached-sequence.ts";
import { fakeNativeEngine, run, tokens } from "./fake-native-engine.fixture.ts";
import { StepLoop } from "./step-loop.ts";

const limits = { batchTokens: 64, prefillTokensPerStep: 16 };
const options = { seed: 1 };
const never = () => false;

/** Generates `count` tokens, as a request's loop would. */
async function answer(
  loop: StepLoop,
  sequence: CachedSequence,
  prompt: ReturnType<typeof run>,
  { count, isCancelled = never }: { readonly count: number; readonly isCancelled?: () => boolean },
): Promise<number[]> {
  const got: number[] = [];
  for await (const { token } of loop.generate({ sequence, tokens: prompt, isCancelled }, options)) {
    got.push(token);
    if (got.length === count) break;
  }
  return got;
}

describe.each([{ withStep: false }, { withStep: true }])("with native steps: $withStep", ({ withStep }) => {
  it("gives each sequence its own tokens", async () => {
    const fake = fakeNativeEngine({ withStep });
    const loop = new StepLoop(fake.engine, { ...limits, nowMs: fake.nowMs });
    const sequences = fake.sequences(3);
    const answers = await Promise.all(
      sequences.map((sequence, i) => answer(loop, sequence, tokens(100 * i, 100 * i + 1), { count: 4 })),
    );
    expect(answers).toEqual([
      [2, 3, 4, 5],
      [102, 103, 104, 105],
      [202, 203, 204, 205],
    ]);
    expect(sequences[1]?.tokens).toEqual([100, 101, 102, 103, 104]);
    expect(fake.cellsOf(1)).toEqual([100, 101, 102, 103, 104]);
  });

  it("has all that decode in every batch, in the order of their sequences", async () => {
    const fake = fakeNativeEngine({ withStep });
    const loop = new StepLoop(fake.engine, { ...limits, nowMs: fake.nowMs });
    const sequences = fake.sequences(4);
    const order = [2, 0, 3, 1];
    await Promise.all(
      order.map((id) => {
        const sequence = sequences[id];
        if (sequence === undefined) throw new Error("no such sequence");
        return answer(loop, sequence, tokens(id), { count: 5 });
      }),
    );
    const ids = fake.batches.map((batch) => batch.map(({ sequenceId }) => sequenceId));
    expect(ids).toEqual(Array.from({ length: 5 }, () => [0, 1, 2, 3]));
  });

  it("fails those that were in a failed step, and goes on with others", async () => {
    const fake = fakeNativeEngine({ withStep });
    const loop = new StepLoop(fake.engine, { ...limits, nowMs: fake.nowMs });
    const [first, second] = fake.sequences(2);
    if (first === undefined || second === undefined) throw new Error("no sequences");
    fake.failNextSteps(true);
    await expect(answer(loop, first, tokens(1), { count: 1 })).rejects.toThrow("the step failed");
    fake.failNextSteps(false);
    expect(await answer(loop, second, tokens(1), { count: 2 })).toEqual([2, 3]);
  });

  it("fails only the one whose sampler finds no token", async () => {
    const fake = fakeNativeEngine({ withStep });
    const loop = new StepLoop(fake.engine, { ...limits, nowMs: fake.nowMs });
    const [first, second, third] = fake.sequences(3);
    if (first === undefined || second === undefined || third === undefined) throw new Error("no sequences");
    fake.failSampler(second.sampler);
    const answers = await Promise.allSettled(
      [first, second, third].map((sequence) => answer(loop, sequence, tokens(1), { count: 3 })),
    );
    expect(answers[0]).toMatchObject({ value: [2, 3, 4] });
    expect(answers[1]).toMatchObject({
      reason: { code: "engine_failed", message: expect.stringContaining("no token is allowed") },
    });
    expect(answers[2]).toMatchObject({ value: [2, 3, 4] });
  });
});

it("evaluates a long prompt in pieces between which others decode", async () => {
  const fake = fakeNativeEngine();
  const loop = new StepLoop(fake.engine, { ...limits, nowMs: fake.nowMs });
  const [decoder, reader] = fake.sequences(2);
  if (decoder === undefined || reader === undefined) throw new Error("no sequences");
  await Promise.all([
    answer(loop, decoder, tokens(1), { count: 20 }),
    answer(loop, reader, run(500, 100), { count: 1 }),
  ]);
  const shared = fake.batches.filter((batch) => batch.length === 2);
  expect(shared.length).toBeGreaterThanOrEqual(6);
  for (const batch of shared) expect(batch[1]?.tokens.length).toBeLessThanOrEqual(16);
  expect(reader.tokens.slice(0, 100)).toEqual(run(500, 100));
});

describe.each([
  { machine: "a slow CPU", stepMs: (tokens: number) => 50 + 7 * tokens },
  { machine: "a fast CPU", stepMs: (tokens: number) => 10 + 1 * tokens },
  { machine: "a GPU", stepMs: (tokens: number) => 10 + 0.05 * tokens },
])("on $machine", ({ stepMs }) => {
  async function readBeside(decoders: number) {
    const fake = fakeNativeEngine({ stepMs });
    const [reader, ...others] = fake.sequences(decoders + 1);
    if (reader === undefined) throw new Error("no sequence");
    const loop = new StepLoop(fake.engine, {
      batchTokens: 512,
      prefillTokensPerStep: 128,
      nowMs: fake.nowMs,
    });
    let isRead = false;
    const endless = others.map((sequence, i) =>
      answer(loop, sequence, tokens(10_000 * i), { count: 9000, isCancelled: () => isRead }),
    );
    await loop.exclusively(() => {});
    const startMs = fake.nowMs();
    await answer(loop, reader, run(500, 4000), { count: 1 });
    isRead = true;
    const given = (await Promise.all(endless)).reduce((sum, all) => sum + all.length, 0);
    return { tookMs: fake.nowMs() - startMs, given, fake };
  }

  it("lets running answers keep half their speed while a prompt of 4,000 tokens is read", async () => {
    const { tookMs, given, fake } = await readBeside(4);
    const usual = (tookMs / stepMs(4)) * 4;
    expect(given / usual).toBeGreaterThan(0.48);
    for (const batch of fake.batches) expect(batch.length).toBeGreaterThanOrEqual(4);
  });

  it("reads the prompt in the other half", async () => {
    const alone = await readBeside(0);
    const beside = await readBeside(4);
    expect(beside.tookMs / alone.tookMs).toBeLessThan(5);
  });
});

it("has all that decode in every batch while answers come and go", async () => {
  const fake = fakeNativeEngine();
  const loop = new StepLoop(fake.engine, { ...limits, nowMs: fake.nowMs });
  const sequences = fake.sequences(6);
  await Promise.all(
    sequences.map((sequence, i) => answer(loop, sequence, tokens(100 * i), { count: 4 * (i + 1) })),
  );
  const sizes = fake.batches.map((batch) => batch.length);
  expect(sizes).toEqual([6, 5, 4, 3, 2, 1].flatMap((size) => [size, size, size, size]));
});

it("ends a cancelled evaluation before its next step, in the middle of its prompt too", async () => {
  const fake = fakeNativeEngine();
  const loop = new StepLoop(fake.engine, { ...limits, nowMs: fake.nowMs });
  const [sequence] = fake.sequences(1);
  if (sequence === undefined) throw new Error("no sequence");
  const isCancelled = () => fake.batches.length === 2;
  expect(await answer(loop, sequence, run(0, 1000), { count: 1, isCancelled })).toEqual([]);
  expect(sequence.tokens).toEqual(run(0, 128));
});

it("runs tasks alone, between two steps", async () => {
  const fake = fakeNativeEngine();
  const loop = new StepLoop(fake.engine, { ...limits, nowMs: fake.nowMs });
  const [sequence] = fake.sequences(1);
  if (sequence === undefined) throw new Error("no sequence");
  const answered = answer(loop, sequence, tokens(1), { count: 10 });
  // The fake throws when it is used during a step.
  for (let i = 0; i < 5; i++) {
    await loop.exclusively(() => fake.engine.context.getSequenceKvCacheMinPosition(0));
  }
  expect(await answered).toHaveLength(10);
});

it("gives a task's failure to the one who asked", async () => {
  const loop = new StepLoop(fakeNativeEngine().engine, { ...limits, nowMs: () => 0 });
  const failing = loop.exclusively(() => {
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await loop.exclusively(() => 5)).toBe(5);
});
