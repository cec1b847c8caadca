import { type Deferred, deferred } from "@muster/base";
import { expect, it } from "vitest";
import { chatRequest, failureCode } from "../../ports/engine.contract.ts";
import type { EngineExit, ReplicaInfo } from "../../ports/engine.ts";
import type { AnswerItem, ParentMessage } from "./child-messages.ts";
import { ChildReplica } from "./replica.ts";

const info: ReplicaInfo = {
  engine: "node-llama-cpp",
  architecture: "gemma3",
  fileBytes: 1,
  contextTokens: 100,
  slots: 1,
  threads: 1,
  backend: "cpu",
  loadMs: 1,
  engineVersion: undefined,
  capabilities: ["chat", "completion"],
};

function makeReplica(onSend: (message: ParentMessage) => void = () => {}) {
  const sent: ParentMessage[] = [];
  const exit: Deferred<EngineExit> = deferred();
  const replica = new ChildReplica(info, {
    pid: undefined,
    exited: exit.promise,
    send: (message) => {
      onSend(message);
      sent.push(message);
    },
    kill: async () => exit.resolve({ kind: "closed", detail: "signal SIGKILL" }),
    lastWords: () => "ggml: out of memory",
  });
  return { replica, sent, exit };
}

const piece = (id: number): AnswerItem => ({ id, event: { kind: "text", text: "a", tokens: 1 } });
const cancelledItem = (id: number): AnswerItem => ({
  id,
  failure: { code: "cancelled", message: "cancelled" },
});

it("cancels an answer whose reader stalls instead of keeping its text without limit", async () => {
  const { replica, sent } = makeReplica();
  const reader = replica.infer(chatRequest("a"), new AbortController().signal);
  const first = reader.next();
  replica.receive([piece(1)]);
  await first;
  for (let i = 0; i < 5000; i++) replica.receive([piece(1)]);
  expect(sent.filter((message) => message.kind === "cancel").length).toBeGreaterThan(0);
  replica.receive([cancelledItem(1)]);
  const rest = async () => {
    while ((await reader.next()).done !== true);
  };
  expect(await failureCode(rest())).toBe("engine_failed");
});

it("keeps a slot busy until the child is done with a cancelled answer", async () => {
  const { replica, sent } = makeReplica();
  const reader = replica.infer(chatRequest("a"), new AbortController().signal);
  const first = reader.next();
  replica.receive([piece(1)]);
  await first;
  const left = reader.return();
  expect(await failureCode(replica.infer(chatRequest("b"), new AbortController().signal).next())).toBe(
    "engine_failed",
  );
  expect(sent.at(-1)).toEqual({ kind: "cancel", id: 1 });
  replica.receive([piece(1), cancelledItem(1)]);
  await left;
  const second = replica.infer(chatRequest("b"), new AbortController().signal).next();
  replica.receive([piece(2)]);
  expect((await second).value).toEqual({ kind: "text", text: "a", tokens: 1 });
});

it("tells the last words of a process that crashed", async () => {
  const { replica, exit } = makeReplica();
  const first = replica.infer(chatRequest("a"), new AbortController().signal).next();
  exit.resolve({ kind: "crashed", detail: "signal SIGABRT" });
  await expect(first).rejects.toMatchObject({
    code: "engine_crashed",
    message: expect.stringMatching(/SIGABRT.*\n.*out of memory/),
  });
});

it("does not pass an answer that was cut off for a whole one, though its end has come", async () => {
  const { replica } = makeReplica();
  const abort = new AbortController();
  const reader = replica.infer(chatRequest("a"), abort.signal);
  const first = reader.next();
  const usage = { promptTokens: 1, cachedTokens: 0, completionTokens: 3 };
  const end: AnswerItem = {
    id: 1,
    event: { kind: "end", reason: "stop", usage, timings: { prefillMs: 1, decodeMs: 1 } },
  };
  replica.receive([piece(1), piece(1), end]);
  await first;
  abort.abort();
  expect(await failureCode(reader.next())).toBe("cancelled");
});

it("refuses a request that cannot be written as JSON, and keeps its slot", async () => {
  // As the channel to the child does it.
  const { replica, sent } = makeReplica((message) => void JSON.stringify(message));
  let deep: object = {};
  for (let depth = 0; depth < 60_000; depth++) deep = { a: deep };
  const request = { ...chatRequest("a"), format: { kind: "json-schema", schema: { const: deep } } } as const;
  for (let i = 0; i < 2; i++) {
    const answer = replica.infer(request, new AbortController().signal).next();
    expect(await failureCode(answer)).toBe("invalid_request");
  }
  expect(sent).toEqual([]);
});
