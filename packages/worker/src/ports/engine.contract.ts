/** What every adapter of the Engine port must do; each adapter's test runs it on the real thing. */
import type { GenerateRequest, InferenceEvent, MusterError, Sampling } from "@muster/base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine, EngineReplica } from "./engine.ts";

export const greedy: Sampling = {
  temperature: 0,
  topK: 64,
  topP: 1,
  minP: 0,
  seed: 7,
  frequencyPenalty: 0,
  presencePenalty: 0,
};

export function chatRequest(content: string, rest: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    task: "generate",
    prompt: { kind: "chat", messages: [{ role: "user", content }] },
    sampling: greedy,
    maxTokens: 24,
    stop: [],
    ...rest,
  };
}

export interface WholeAnswer {
  readonly text: string;
  readonly events: readonly InferenceEvent[];
  readonly end: InferenceEvent & { readonly kind: "end" };
}

const neverAborts = new AbortController().signal;

/** Reads an answer to its end. */
export async function readAnswer(
  replica: EngineReplica,
  request: GenerateRequest,
  signal: AbortSignal = neverAborts,
): Promise<WholeAnswer> {
  const events: InferenceEvent[] = [];
  for await (const event of replica.infer(request, signal)) events.push(event);
  const end = events.at(-1);
  if (end?.kind !== "end") throw new Error(`the answer's last event is ${end?.kind}, not its end`);
  return { text: events.map((event) => (event.kind === "text" ? event.text : "")).join(""), events, end };
}

/** The code of the MusterError that an answer ends with. */
export async function failureCode(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => "no failure",
    (error: MusterError) => error.code,
  );
}

const slots = 8;
const contextTokens = 2048;
const rounds = 3;

export function engineContract(
  name: string,
  makeEngine: () => Engine,
  modelPath: string | (() => Promise<string>),
  { tellsStopText = true }: { readonly tellsStopText?: boolean } = {},
): void {
  describe(`${name} keeps the engine's contract`, () => {
    let replica: EngineReplica;
    const open: EngineReplica[] = [];

    async function load(): Promise<EngineReplica> {
      const path = typeof modelPath === "string" ? modelPath : await modelPath();
      const loaded = await makeEngine().load(
        { modelPath: path, slots, contextTokens, threads: 1, gpu: "off" },
        { signal: neverAborts, onProgress: () => {} },
      );
      open.push(loaded);
      return loaded;
    }

    beforeAll(async () => {
      replica = await load();
    }, 30_000);
    afterAll(async () => {
      await Promise.all(open.map((each) => each.close()));
    });

    it("streams text, then the end", async () => {
      const { events, text, end } = await readAnswer(replica, chatRequest("one two three"));
      expect(events.slice(0, -1).every((event) => event.kind === "text")).toBe(true);
      expect(text).not.toBe("");
      expect(end.timings.prefillMs).toBeGreaterThanOrEqual(0);
      expect(end.timings.decodeMs).toBeGreaterThanOrEqual(0);
    });

    it("answers a plain text prompt", async () => {
      const prompt = { kind: "text", text: "one two three" } as const;
      const { text } = await readAnswer(replica, { ...chatRequest(""), prompt });
      expect(text).not.toBe("");
    });

    it("reports a usage that adds up", async () => {
      const { events, end } = await readAnswer(replica, chatRequest("four five six", { maxTokens: 20 }));
      const reported = events.reduce((sum, event) => sum + (event.kind === "text" ? event.tokens : 0), 0);
      expect(end.reason).toBe("length");
      expect(end.usage.completionTokens).toBe(20);
      expect(reported).toBe(20);
      expect(end.usage.promptTokens).toBeGreaterThan(3);
      expect(end.usage.cachedTokens).toBeLessThan(end.usage.promptTokens);
    });

    it("stops at maxTokens", async () => {
      const { end } = await readAnswer(replica, chatRequest("seven", { maxTokens: 1 }));
      expect(end).toMatchObject({ reason: "length", usage: { completionTokens: 1 } });
    });

    it("ends at a stop string and leaves it out", async () => {
      const whole = await readAnswer(replica, chatRequest("eight nine ten", { maxTokens: 30 }));
      // A cut in the middle of a word: stop strings need not lie on token borders.
      const stop = whole.text.slice(10, 15);
      const stopped = await readAnswer(
        replica,
        chatRequest("eight nine ten", { maxTokens: 30, stop: ["\u0007", stop] }),
      );
      expect(stopped.end.reason).toBe("stop");
      expect(stopped.end.stopText).toBe(tellsStopText ? stop : undefined);
      expect(whole.end).not.toHaveProperty("stopText");
      expect(stopped.text).toBe(whole.text.slice(0, whole.text.indexOf(stop)));
    });

    it("refuses a prompt that leaves no room for an answer, with both numbers", async () => {
      const answer = readAnswer(replica, chatRequest("word ".repeat(contextTokens + 10)));
      await expect(answer).rejects.toMatchObject({
        code: "context_length_exceeded",
        message: expect.stringMatching(/\d+ tokens.*\b2048 tokens/),
      });
    });

    it("ends with length when the context is full", async () => {
      const prompt = { kind: "text", text: "a b c d e f g h".repeat(100) } as const;
      const { end } = await readAnswer(replica, { ...chatRequest(""), prompt, maxTokens: contextTokens * 2 });
      expect(end.reason).toBe("length");
      expect(end.usage.promptTokens + end.usage.completionTokens).toBe(contextTokens);
    });

    it("gives the same text for the same seed", async () => {
      const request = chatRequest("eleven twelve", { sampling: { ...greedy, temperature: 1, seed: 42 } });
      const first = await readAnswer(replica, request);
      const second = await readAnswer(replica, request);
      expect(second.text).toBe(first.text);
    });

    it(`answers ${slots} requests at once as it does one by one`, async () => {
      const requests = Array.from({ length: slots }, (_, i) =>
        chatRequest(`question ${i} ${"so ".repeat(i * 5)}`),
      );
      const alone: string[] = [];
      for (const request of requests) alone.push((await readAnswer(replica, request)).text);
      for (let round = 0; round < rounds; round++) {
        const together = await Promise.all(requests.map((request) => readAnswer(replica, request)));
        expect(together.map((answer) => answer.text)).toEqual(alone);
      }
    });

    it("throws cancelled once the signal fires, and frees the slot", async () => {
      const long = (i: number) => chatRequest(`long ${i}`, { maxTokens: 1500 });
      const aborts = Array.from({ length: slots }, () => new AbortController());
      const running = aborts.map((abort, i) => failureCode(abortAtFirstEvent(replica, long(i), abort)));
      expect(await Promise.all(running)).toEqual(Array.from({ length: slots }, () => "cancelled"));
      const after = await Promise.all(aborts.map((_, i) => readAnswer(replica, chatRequest(`after ${i}`))));
      expect(after.length).toBe(slots);
    });

    it("throws cancelled for a signal that fired before", async () => {
      expect(await failureCode(readAnswer(replica, chatRequest("late"), AbortSignal.abort()))).toBe(
        "cancelled",
      );
    });

    it("has all its slots after 40 answers that were left early", async () => {
      for (let i = 0; i < 40; i++) {
        for await (const _event of replica.infer(chatRequest(`left ${i}`, { maxTokens: 1500 }), neverAborts))
          break;
      }
      const after = await Promise.all(
        Array.from({ length: slots }, (_, i) => readAnswer(replica, chatRequest(`then ${i}`))),
      );
      expect(after.length).toBe(slots);
    }, 30_000);

    it("refuses more answers at once than it has slots", async () => {
      const abort = new AbortController();
      const request = chatRequest("full", { maxTokens: 1500 });
      const busy = Array.from({ length: slots }, () =>
        failureCode(readAnswer(replica, request, abort.signal)),
      );
      expect(await failureCode(readAnswer(replica, request))).toBe("engine_failed");
      abort.abort();
      expect(await Promise.all(busy)).toEqual(Array.from({ length: slots }, () => "cancelled"));
    });

    it("ends running answers when it is closed, and closes twice", async () => {
      const closing = await load();
      const answer = closing.infer(chatRequest("closing", { maxTokens: 1500 }), neverAborts);
      const events = answer[Symbol.asyncIterator]();
      expect((await events.next()).value?.kind).toBe("text");
      await Promise.all([closing.close(), closing.close()]);
      expect(await failureCode(drain(events))).toBe("engine_failed");
      expect((await closing.exited).kind).toBe("closed");
      expect(await failureCode(readAnswer(closing, chatRequest("too late")))).toBe("engine_failed");
    }, 30_000);

    it("does not load for a signal that fired before", async () => {
      const loading = makeEngine().load(
        { modelPath: "/nowhere.gguf", slots, contextTokens, threads: 1, gpu: "off" },
        { signal: AbortSignal.abort(), onProgress: () => {} },
      );
      expect(await failureCode(loading)).toBe("cancelled");
    });
  });
}

async function abortAtFirstEvent(
  replica: EngineReplica,
  request: GenerateRequest,
  abort: AbortController,
): Promise<void> {
  for await (const _event of replica.infer(request, abort.signal)) abort.abort();
}

async function drain(events: AsyncIterator<InferenceEvent>): Promise<void> {
  while ((await events.next()).done !== true);
}
