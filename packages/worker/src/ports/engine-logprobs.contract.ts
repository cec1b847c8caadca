/** What the probabilities of an answer's tokens must be; part of the tasks' contract. */
import { describe, expect, it } from "vitest";
import { chatRequest, greedy } from "./engine.contract.ts";
import type { EngineReplica } from "./engine.ts";
import { logprobsOf, runTask, textOf } from "./engine-tasks.fixture.ts";

export function logprobsContract({
  replica,
  embeds,
  sameDigits,
}: {
  readonly replica: () => EngineReplica;
  readonly embeds: boolean;
  /** Digits after the point in which a probability is the same in two batches. */
  readonly sameDigits: number;
}): void {
  const run = (request: Parameters<typeof runTask>[1]) => runTask(replica(), request);

  describe("logprobs", () => {
    const ask = (topLogprobs: number | undefined, rest = {}) =>
      run({
        ...chatRequest("count from one to ten", { maxTokens: 16, ...rest }),
        ...(topLogprobs === undefined ? {} : { topLogprobs }),
      });

    it("covers each token of each piece, with texts that add up to the answer", async () => {
      const { deltas } = await ask(3);
      for (const delta of deltas) {
        if (delta.kind !== "text") throw new Error(`a piece of kind ${delta.kind}`);
        expect(delta.logprobs?.length).toBe(delta.tokens);
      }
      const logprobs = logprobsOf(deltas);
      expect(logprobs.length).toBeGreaterThan(1);
      expect(
        logprobs
          .map(({ text }) => text)
          .join("")
          .trim(),
      ).toBe(textOf(deltas).trim());
    });

    it("gives sorted alternatives whose probabilities add up to 1 at most", async () => {
      for (const { text, logprob, top } of logprobsOf((await ask(20)).deltas)) {
        const logs = top.map((one) => one.logprob);
        expect(top.length).toBe(20);
        expect([...logs].sort((a, b) => b - a)).toEqual(logs);
        expect(logs.reduce((sum, one) => sum + Math.exp(one), 0)).toBeLessThanOrEqual(1.0001);
        // Greedy: the token itself is the likeliest.
        expect(top[0]).toEqual({ text, logprob });
      }
    });

    it("gives no alternatives where none are asked for", async () => {
      const logprobs = logprobsOf((await ask(0)).deltas);
      expect(logprobs.length).toBeGreaterThan(1);
      for (const { logprob, top } of logprobs) {
        expect(logprob).toBeLessThanOrEqual(0);
        expect(top).toEqual([]);
      }
    });

    it("answers as it does without, greedily and with a seed", async () => {
      const penalised = { ...greedy, frequencyPenalty: 1, presencePenalty: 0.5 };
      for (const sampling of [greedy, { ...greedy, temperature: 1 }, penalised]) {
        // A prompt that is in the cache is evaluated in other batches, which may round otherwise.
        await ask(undefined, { sampling, maxTokens: 1 });
        const plain = await ask(undefined, { sampling });
        const probable = await ask(5, { sampling });
        expect(textOf(probable.deltas)).toBe(textOf(plain.deltas));
        expect(logprobsOf(plain.deltas)).toEqual([]);
      }
    });

    it("says the same whatever the temperature", async () => {
      const [hot, cold] = [1.5, 0].map((temperature) =>
        ask(5, { maxTokens: 1, sampling: { ...greedy, temperature } }),
      );
      const tops = [
        logprobsOf((await hot)?.deltas ?? [])[0]?.top,
        logprobsOf((await cold)?.deltas ?? [])[0]?.top,
      ];
      expect(tops[0]?.length).toBe(5);
      for (const [i, one] of (tops[0] ?? []).entries())
        expect(one.logprob).toBeCloseTo(tops[1]?.[i]?.logprob ?? 0, sameDigits);
    });

    it("leaves out the tokens that a stop string cuts away", async () => {
      const whole = textOf((await ask(undefined, { maxTokens: 24 })).deltas);
      const stop = whole.slice(8, 14);
      const { deltas } = await ask(2, { maxTokens: 24, stop: [stop] });
      const kept = whole.slice(0, whole.indexOf(stop));
      expect(textOf(deltas)).toBe(kept);
      const texts = logprobsOf(deltas).map(({ text }) => text);
      const withoutLast = texts.slice(0, -1).join("").trimStart();
      expect(withoutLast.length).toBeLessThan(Math.max(1, kept.length));
      expect(texts.join("").trimStart().startsWith(kept.trimStart())).toBe(true);
    });

    it("covers JSON that a grammar holds, which stays the same", async () => {
      if (!replica().info.capabilities.includes("structured_output")) return;
      const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
      const rest = { maxTokens: 60, format: { kind: "json-schema", schema } };
      const { deltas } = await ask(3, rest);
      expect(textOf(deltas)).toBe(textOf((await ask(undefined, rest)).deltas));
      const logprobs = logprobsOf(deltas);
      expect(
        logprobs
          .map(({ text }) => text)
          .join("")
          .trim(),
      ).toBe(textOf(deltas).trim());
      for (const { logprob } of logprobs) expect(logprob).toBeLessThanOrEqual(0);
    });

    it("gives them to each of several answers at once", async () => {
      const one = logprobsOf((await ask(4)).deltas);
      const several = await Promise.all([ask(4), ask(undefined), ask(4), ask(undefined)]);
      for (const i of [0, 2]) {
        const given = logprobsOf(several[i]?.deltas ?? []);
        expect(given.map(({ text }) => text)).toEqual(one.map(({ text }) => text));
      }
      for (const i of [1, 3]) expect(logprobsOf(several[i]?.deltas ?? [])).toEqual([]);
    });

    if (embeds)
      it("writes while it embeds", async () => {
        const alone = textOf((await ask(undefined, { maxTokens: 60 })).deltas);
        const inputs = Array.from({ length: 10 }, (_, i) => `while it writes ${i}`);
        const [answer, vectors] = await Promise.all([
          ask(undefined, { maxTokens: 60 }),
          run({ task: "embed", inputs }),
        ]);
        expect(textOf(answer.deltas)).toBe(alone);
        expect(vectors.deltas.length).toBe(inputs.length);
      });
  });
}
