/** What an engine's vectors, scores, tokens and probabilities must be; adapters run it with the models they can load. */
import type { Capability, InferenceEvent, InferenceRequest } from "@muster/base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failureCode } from "./engine.contract.ts";
import type { Engine, EngineReplica } from "./engine.ts";
import { logprobsContract } from "./engine-logprobs.contract.ts";
import { collect, cosine, runTask, scoresOf, vectorsOf } from "./engine-tasks.fixture.ts";

export interface TaskExpectations {
  /** Tasks that this engine and model can do; the others must be refused. */
  readonly capabilities: readonly Extract<Capability, "embedding" | "rerank" | "tokenize" | "logprobs">[];
  /** Texts of which the first two are near each other and the third is not; undefined: the model cannot tell. */
  readonly near?: readonly [text: string, near: string, far: string];
  /** The document that answers the query comes first; undefined: the model's scores mean nothing. */
  readonly ranked?: { readonly query: string; readonly documents: readonly string[] };
  /** Digits after the point in which a probability is the same in two batches; undefined: 2. */
  readonly sameDigits?: number;
}

const slots = 4;
const contextTokens = 512;
const neverAborts = new AbortController().signal;
const longText = "word ".repeat(contextTokens * 6);

export function engineTasksContract(
  name: string,
  makeEngine: () => Engine,
  modelPath: string | (() => Promise<string>),
  expectations: TaskExpectations,
): void {
  const can = (task: TaskExpectations["capabilities"][number]) => expectations.capabilities.includes(task);

  describe(`${name} does its tasks beside writing`, { timeout: 30_000 }, () => {
    let replica: EngineReplica;

    beforeAll(async () => {
      const path = typeof modelPath === "string" ? modelPath : await modelPath();
      replica = await makeEngine().load(
        { modelPath: path, slots, contextTokens, threads: 1, gpu: "off" },
        { signal: neverAborts, onProgress: () => {} },
      );
    }, 60_000);
    afterAll(() => replica.close());

    const run = (request: InferenceRequest, signal = neverAborts) => runTask(replica, request, signal);

    it("says what it can do", () => {
      const told = replica.info.capabilities.filter((one) =>
        ["embedding", "rerank", "tokenize", "logprobs"].includes(one),
      );
      expect([...told].sort()).toEqual([...expectations.capabilities].sort());
    });

    if (can("embedding"))
      describe("embed", () => {
        const embed = (...inputs: string[]) => run({ task: "embed", inputs });

        it("gives one vector of length 1 for each input, in order, and counts the tokens", async () => {
          const { deltas, end } = await embed("the first", "a second one", "the first");
          const vectors = vectorsOf(deltas);
          expect(deltas.map((delta) => delta.kind === "embedding" && delta.index)).toEqual([0, 1, 2]);
          for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
          expect(cosine(vectors[0], vectors[2])).toBeCloseTo(1, 4);
          expect(cosine(vectors[0], vectors[1])).toBeLessThan(0.9999);
          expect(end).toMatchObject({ reason: "stop", usage: { cachedTokens: 0, completionTokens: 0 } });
          expect(end.usage.promptTokens).toBeGreaterThanOrEqual(6);
        });

        it("gives the same vector alone and among others", async () => {
          const alone = vectorsOf((await embed("quite alone")).deltas);
          const others = Array.from({ length: slots - 1 }, (_, i) => embed(`other ${i}`, `another ${i}`));
          const [among] = await Promise.all([embed("before it", "quite alone"), ...others]);
          expect(cosine(alone[0], vectorsOf(among.deltas)[1])).toBeCloseTo(1, 4);
        });

        const { near } = expectations;
        if (near !== undefined)
          it("puts texts that are alike nearer than others", async () => {
            const [text, like, unlike] = vectorsOf((await embed(...near)).deltas);
            expect(cosine(text, like)).toBeGreaterThan(cosine(text, unlike) + 0.05);
          });

        it("names the input that is too long, and gives no vector", async () => {
          const seen: InferenceEvent[] = [];
          const request = { task: "embed", inputs: ["short", longText] } as const;
          const answer = collect(replica.infer(request, neverAborts), seen);
          await expect(answer).rejects.toMatchObject({
            code: "context_length_exceeded",
            message: expect.stringMatching(/\b1\b/),
          });
        });

        it("refuses empty inputs, and none at all", async () => {
          expect(await failureCode(embed("fine", ""))).toBe("invalid_request");
          expect(await failureCode(embed())).toBe("invalid_request");
        });

        it("stops between inputs once it is cancelled", async () => {
          const abort = new AbortController();
          const inputs = Array.from({ length: 400 }, (_, i) => `input number ${i} of many`);
          let vectors = 0;
          const reading = async () => {
            for await (const event of replica.infer({ task: "embed", inputs }, abort.signal)) {
              if (event.kind === "embedding") vectors += 1;
              abort.abort();
            }
          };
          expect(await failureCode(reading())).toBe("cancelled");
          expect(vectors).toBeLessThan(inputs.length);
          expect((await embed("after")).deltas.length).toBe(1);
        });
      });

    if (!can("embedding"))
      it("refuses to embed", async () => {
        expect(await failureCode(run({ task: "embed", inputs: ["a"] }))).toBe("unsupported");
      });

    if (can("rerank"))
      describe("rerank", () => {
        const rerank = (query: string, ...documents: string[]) => run({ task: "rerank", query, documents });

        it("gives one score from 0 to 1 for each document, equal for equal ones", async () => {
          const { deltas, end } = await rerank("which one", "this one", "another one", "this one");
          const scores = scoresOf(deltas);
          expect(deltas.map((delta) => delta.kind === "score" && delta.index)).toEqual([0, 1, 2]);
          for (const score of scores) {
            expect(score).toBeGreaterThanOrEqual(0);
            expect(score).toBeLessThanOrEqual(1);
          }
          expect(scores[2]).toBeCloseTo(scores[0] ?? -1, 6);
          expect(scores[1]).not.toBeCloseTo(scores[0] ?? -1, 6);
          expect(end.usage.promptTokens).toBeGreaterThan(6);
        });

        const { ranked } = expectations;
        if (ranked !== undefined)
          it("puts the document first that answers the query", async () => {
            const { query, documents } = ranked;
            // The order of the documents must not matter.
            const forwards = scoresOf((await rerank(query, ...documents)).deltas);
            const backwards = scoresOf((await rerank(query, ...[...documents].reverse())).deltas).reverse();
            expect(forwards.indexOf(Math.max(...forwards))).toBe(0);
            expect(backwards.indexOf(Math.max(...backwards))).toBe(0);
          });

        it("names the document that is too long", async () => {
          await expect(rerank("query", "short", longText)).rejects.toMatchObject({
            code: "context_length_exceeded",
            message: expect.stringMatching(/\b1\b/),
          });
        });

        it("refuses an empty query, empty documents, and none at all", async () => {
          expect(await failureCode(rerank("", "a"))).toBe("invalid_request");
          expect(await failureCode(rerank("a", ""))).toBe("invalid_request");
          expect(await failureCode(rerank("a"))).toBe("invalid_request");
        });
      });

    if (can("tokenize"))
      describe("tokenize", () => {
        it("gives tokens whose texts add up to the text", async () => {
          const text = "Some words, a number 4711, smørrebrød and 🦉🦉.";
          const { deltas, end } = await run({ task: "tokenize", prompt: { kind: "text", text } });
          const [delta] = deltas;
          if (delta?.kind !== "token-ids") throw new Error("no tokens");
          expect(delta.texts.length).toBe(delta.ids.length);
          expect(end.usage.promptTokens).toBe(delta.ids.length);
          // Models begin a text with a mark of their own.
          expect(delta.texts.join("").endsWith(text)).toBe(true);
        });
      });

    if (can("logprobs")) {
      const { sameDigits = 2 } = expectations;
      logprobsContract({ replica: () => replica, embeds: can("embedding"), sameDigits });
    }
  });
}
