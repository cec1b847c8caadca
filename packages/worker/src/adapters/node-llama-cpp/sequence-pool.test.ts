import { describe, expect, it } from "vitest";
import { fakeNativeEngine, run, tokens } from "./fake-native-engine.fixture.ts";
import { SequencePool, type TakenSequence } from "./sequence-pool.ts";
import { StepLoop } from "./step-loop.ts";

const never = () => false;

function makePool(
  slots: number,
  {
    windowTokens,
    isRecurrent = false,
    isWindowKnown = true,
  }: {
    readonly windowTokens?: number;
    readonly isRecurrent?: boolean;
    readonly isWindowKnown?: boolean;
  } = {},
) {
  const fake = fakeNativeEngine(windowTokens === undefined ? {} : { windowTokens });
  const loop = new StepLoop(fake.engine, { batchTokens: 64, prefillTokensPerStep: 64, nowMs: fake.nowMs });
  const pool = new SequencePool({
    context: fake.engine.context,
    loop,
    rules: { isRecurrent, windowTokens: isWindowKnown ? windowTokens : undefined },
    sequences: fake.sequences(slots),
  });
  return { fake, loop, pool };
}

type Pool = ReturnType<typeof makePool>;

type Prompt = ReturnType<typeof run>;

async function take({ pool }: Pool, prompt: Prompt, salt = ""): Promise<TakenSequence> {
  const taken = await pool.take({ tokens: prompt, salt }, never);
  if (taken === undefined) throw new Error("cancelled");
  return taken;
}

/** Takes a sequence, evaluates the rest of the prompt, checks the cache, and gives what was spared. */
async function evaluate(made: Pool, prompt: Prompt, salt = ""): Promise<TakenSequence> {
  const taken = await take(made, prompt, salt);
  const { sequence, cachedTokens } = taken;
  expect(made.fake.cellsOf(sequence.id)).toEqual(prompt.slice(0, cachedTokens));
  await made.loop.prefill({ sequence, tokens: prompt.slice(cachedTokens), isCancelled: never });
  expect(made.fake.cellsOf(sequence.id)).toEqual(prompt);
  return taken;
}

it("goes on in the sequence that holds the conversation", async () => {
  const made = makePool(3);
  const first = await evaluate(made, run(0, 50));
  first.release();
  (await evaluate(made, run(1000, 50))).release();
  const again = await evaluate(made, [...run(0, 50), ...tokens(7, 8)]);
  expect(again.sequence.id).toBe(first.sequence.id);
  expect(again.cachedTokens).toBe(50);
  expect(made.fake.copies).toEqual([]);
});

it("always leaves one token to evaluate", async () => {
  const made = makePool(1);
  (await evaluate(made, run(0, 20))).release();
  expect((await evaluate(made, run(0, 20))).cachedTokens).toBe(19);
});

it("does not give up a conversation for a short common beginning", async () => {
  const made = makePool(2);
  const first = await evaluate(made, [...run(0, 10), ...run(500, 200)]);
  first.release();
  const other = await evaluate(made, [...run(0, 10), ...run(900, 5)]);
  expect(other.sequence.id).not.toBe(first.sequence.id);
});

it("copies a long beginning from a busy sequence", async () => {
  const made = makePool(2);
  const busy = await evaluate(made, [...run(0, 100), ...run(500, 5)]);
  const second = await evaluate(made, [...run(0, 100), ...run(700, 5)]);
  expect(second.cachedTokens).toBe(100);
  expect(made.fake.copies).toEqual([[second.sequence.id, busy.sequence.id]]);
  expect(made.fake.cellsOf(busy.sequence.id)).toEqual([...run(0, 100), ...run(500, 5)]);
});

it("copies out of another conversation instead of cutting it", async () => {
  const made = makePool(2);
  const first = await evaluate(made, [...run(0, 100), ...run(500, 300)]);
  first.release();
  const second = await evaluate(made, [...run(0, 100), ...run(900, 5)]);
  expect(second.sequence.id).not.toBe(first.sequence.id);
  expect(second.cachedTokens).toBe(100);
  expect(made.fake.cellsOf(first.sequence.id)).toHaveLength(400);
});

it("evaluates a beginning once that many ask for at the same time", async () => {
  const made = makePool(8);
  const prompts = Array.from({ length: 8 }, (_, i) => [...run(0, 300), ...run(1000 * (i + 1), 5)]);
  const taken = await Promise.all(prompts.map((prompt) => evaluate(made, prompt)));
  const evaluated = made.fake.batches.flat().reduce((sum, entry) => sum + entry.tokens.length, 0);
  expect(evaluated).toBe(300 + 8 * 5);
  expect(taken.filter(({ cachedTokens }) => cachedTokens === 0)).toHaveLength(1);
});

it("starts anew when the one that was waited for leaves early", async () => {
  const made = makePool(2);
  const prompt = [...run(0, 300), ...run(1000, 5)];
  let isCancelled = false;
  const leader = await take(made, prompt);
  const leading = made.loop.prefill({
    sequence: leader.sequence,
    tokens: prompt,
    isCancelled: () => isCancelled,
  });
  const follower = evaluate(made, [...run(0, 300), ...run(2000, 5)]);
  isCancelled = true;
  await leading;
  leader.release();
  expect((await follower).cachedTokens).toBeLessThan(300);
});

it("waits for nothing once it is cancelled", async () => {
  const made = makePool(2);
  await take(made, run(0, 300));
  let asked = 0;
  const second = await made.pool.take(
    { tokens: [...run(0, 300), ...tokens(5)], salt: "" },
    () => ++asked > 3,
  );
  expect(second).toBeUndefined();
});

describe("with a sliding window", () => {
  it("evaluates anew where the window lacks the cells before the cut", async () => {
    const made = makePool(2, { windowTokens: 20 });
    (await evaluate(made, [...run(0, 100), ...run(500, 60)])).release();
    expect((await evaluate(made, [...run(0, 100), ...run(700, 5)])).cachedTokens).toBe(0);
  });

  it("cuts a short text where the file does not tell of the window", async () => {
    const made = makePool(1, { windowTokens: 20, isWindowKnown: false });
    (await evaluate(made, [...run(0, 30), ...run(500, 5)])).release();
    expect((await evaluate(made, [...run(0, 30), ...run(600, 30)])).cachedTokens).toBe(30);
  });

  it("cuts nothing of a longer text there", async () => {
    const made = makePool(1, { windowTokens: 20, isWindowKnown: false });
    (await evaluate(made, [...run(0, 100), ...run(500, 10)])).release();
    expect((await evaluate(made, [...run(0, 100), ...run(600, 5)])).cachedTokens).toBe(0);
  });

  it("cuts and copies where the window has them", async () => {
    const made = makePool(2, { windowTokens: 20 });
    const first = await evaluate(made, [...run(0, 100), ...run(500, 10)]);
    expect((await evaluate(made, [...run(0, 100), ...run(700, 5)])).cachedTokens).toBe(100);
    first.release();
    expect((await evaluate(made, [...run(0, 100), ...run(800, 5)])).cachedTokens).toBe(100);
  });
});

it("uses a recurrent model's state as a whole or not at all", async () => {
  const made = makePool(1, { isRecurrent: true });
  (await evaluate(made, run(0, 100))).release();
  (await evaluate(made, [...run(0, 100), ...tokens(5)])).release();
  const cut = await evaluate(made, [...run(0, 50), ...tokens(5)]);
  expect(cut.cachedTokens).toBe(0);
});

it("keeps the busy sequences neighbours", async () => {
  const made = makePool(6);
  const all = [];
  for (let i = 0; i < 4; i++) all.push(await evaluate(made, run(1000 * i, 5)));
  const ids = all.map(({ sequence }) => sequence.id).sort();
  expect(ids).toEqual([0, 1, 2, 3]);
  const middle = all.find(({ sequence }) => sequence.id === 1);
  middle?.release();
  expect((await evaluate(made, run(9000, 5))).sequence.id).toBe(1);
});

it("refuses when every sequence is taken", async () => {
  const made = makePool(1);
  await take(made, run(0, 5));
  await expect(made.pool.take({ tokens: run(100, 5), salt: "" }, never)).rejects.toMatchObject({
    code: "engine_failed",
  });
});

it("empties the cache after a failed step", async () => {
  const made = makePool(1);
  const taken = await evaluate(made, run(0, 50));
  await taken.forget();
  taken.release();
  expect(made.fake.cellsOf(0)).toEqual([]);
  expect((await evaluate(made, run(0, 50))).cachedTokens).toBe(0);
});

it("shares nothing between two salts: no cache, no copy, no waiting", async () => {
  const made = makePool(3);
  const prompt = run(0, 300);
  // One that is being evaluated is not waited for.
  const busy = await take(made, prompt, "acme");
  const other = await evaluate(made, prompt, "beta");
  expect(other.cachedTokens).toBe(0);
  await made.loop.prefill({ sequence: busy.sequence, tokens: prompt, isCancelled: never });
  // One that is held is not copied, and one that is free is not taken over.
  const third = await evaluate(made, prompt, "gamma");
  expect(third.cachedTokens).toBe(0);
  for (const taken of [busy, other, third]) taken.release();
  expect((await evaluate(made, prompt, "delta")).cachedTokens).toBe(0);
  expect(made.fake.copies).toEqual([]);
});

it("shares within a salt, whoever came between", async () => {
  const made = makePool(2);
  (await evaluate(made, run(0, 300), "acme")).release();
  (await evaluate(made, run(0, 300), "beta")).release();
  expect((await evaluate(made, run(0, 301), "acme")).cachedTokens).toBe(300);
  expect((await evaluate(made, run(0, 301), "beta")).cachedTokens).toBe(300);
});

it("does not hand a slot's cache on with its new salt", async () => {
  const made = makePool(1);
  (await evaluate(made, run(0, 300), "acme")).release();
  (await take(made, run(0, 300), "beta")).release();
  expect((await take(made, run(0, 300), "beta")).cachedTokens).toBe(0);
});
