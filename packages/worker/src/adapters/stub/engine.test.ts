import { ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { chatRequest, engineContract, failureCode, readAnswer } from "../../ports/engine.contract.ts";
import { createStubEngine, type StubEngineOptions } from "./engine.ts";

engineContract("the stub", () => createStubEngine(), "stub:tiny");

function load(options: StubEngineOptions = {}) {
  return createStubEngine(options).load(
    { modelPath: "stub:m", slots: 4, contextTokens: undefined, threads: undefined, gpu: "auto" },
    { signal: new AbortController().signal, onProgress: () => {} },
  );
}

describe("stub engine", () => {
  it("echoes the last message and ends by itself after 16 tokens", async () => {
    const answer = await readAnswer(await load(), chatRequest("to be or", { maxTokens: undefined }));
    expect(answer.text).toBe(Array.from({ length: 16 }, (_, i) => ["to", "be", "or"][i % 3]).join(" "));
    expect(answer.end.reason).toBe("stop");
  });

  it("gives tokens at the speed it was told", async () => {
    const clock = new ManualClock();
    const replica = await load({ clock, firstTokenMs: 200, tokensPerSecond: 100 });
    const events = replica.infer(chatRequest("a b", { maxTokens: 3 }), new AbortController().signal);
    const reader = events[Symbol.asyncIterator]();
    const first = reader.next();
    clock.advance(200);
    expect((await first).value).toEqual({ kind: "text", text: "a", tokens: 1 });
    const second = reader.next();
    clock.advance(10);
    expect((await second).value).toEqual({ kind: "text", text: " b", tokens: 1 });
    const third = reader.next();
    clock.advance(10);
    expect((await third).value).toEqual({ kind: "text", text: " a", tokens: 1 });
    expect((await reader.next()).value).toMatchObject({ timings: { prefillMs: 200, decodeMs: 20 } });
  });

  it("crashes on purpose and takes the running answers along", async () => {
    const replica = await load();
    const hanging = failureCode(readAnswer(replica, chatRequest("!hang")));
    expect(await failureCode(readAnswer(replica, chatRequest("please !crash now")))).toBe("engine_crashed");
    expect(await hanging).toBe("engine_crashed");
    expect((await replica.exited).kind).toBe("crashed");
  });

  it("hangs on purpose until it is cancelled", async () => {
    const replica = await load();
    const abort = new AbortController();
    const hanging = failureCode(readAnswer(replica, chatRequest("!hang"), abort.signal));
    abort.abort();
    expect(await hanging).toBe("cancelled");
  });

  it("fails on purpose", async () => {
    expect(await failureCode(readAnswer(await load(), chatRequest("!fail")))).toBe("engine_failed");
  });
});
