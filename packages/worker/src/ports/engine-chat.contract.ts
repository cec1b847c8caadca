/**
 * What an engine must make of tools, thoughts and schemas. Adapters run it with the trained tiny model
 * (`packages/models/built-in`), which answers a documented set right: what it says is known, not only its form.
 */
import type { ChatMessage, GenerateRequest, InferenceEvent, ToolDefinition, ToolUse } from "@muster/base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chatRequest, readAnswer } from "./engine.contract.ts";
import type { Engine, EngineReplica } from "./engine.ts";

const slots = 4;
const contextTokens = 2048;
const neverAborts = new AbortController().signal;

const weather: ToolDefinition = {
  name: "get_weather",
  description: "Get the weather of a city.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const time: ToolDefinition = {
  name: "get_time",
  description: "Get the time in a zone.",
  parameters: {
    type: "object",
    properties: { zone: { enum: ["UTC", "CET"] }, seconds: { type: "boolean" } },
    required: ["zone", "seconds"],
    additionalProperties: false,
  },
};
const personSchema = {
  type: "object",
  properties: { name: { type: "string", maxLength: 20 }, age: { type: "integer", minimum: 0, maximum: 150 } },
  required: ["name", "age"],
  additionalProperties: false,
};

function toolUse(rest: Partial<ToolUse> = {}): { readonly tools: ToolUse } {
  return { tools: { definitions: [weather, time], choice: { kind: "auto" }, isParallel: true, ...rest } };
}

export function engineChatContract(
  name: string,
  makeEngine: () => Engine,
  modelPath: string | (() => Promise<string>),
  {
    hasThoughtBudget = true,
    readsBarredCalls = true,
  }: {
    readonly hasThoughtBudget?: boolean;
    /** False: what a model calls against the request's word comes as text, marks and all. */
    readonly readsBarredCalls?: boolean;
  } = {},
): void {
  describe(`${name} keeps the contract of tools, thoughts and schemas`, { timeout: 30_000 }, () => {
    let replica: EngineReplica;

    beforeAll(async () => {
      const path = typeof modelPath === "string" ? modelPath : await modelPath();
      replica = await makeEngine().load(
        { modelPath: path, slots, contextTokens, threads: 1, gpu: "off" },
        { signal: neverAborts, onProgress: () => {} },
      );
    }, 60_000);
    afterAll(() => replica.close());

    async function ask(content: string, rest: Partial<GenerateRequest> = {}): Promise<Told> {
      const { events } = await readAnswer(replica, chatRequest(content, { maxTokens: 200, ...rest }));
      return tell(events);
    }

    it("says that it can", () => {
      expect(replica.info.capabilities).toEqual(
        expect.arrayContaining(["chat", "tools", "structured_output", "thinking"]),
      );
    });

    it("calls a tool where one helps, with the arguments of the question", async () => {
      const { calls, text, end } = await ask("What is the weather in Oslo?", toolUse());
      expect(calls.map(({ name: tool, json }) => [tool, JSON.parse(json)])).toEqual([
        ["get_weather", { city: "Oslo" }],
      ]);
      expect(text).toBe("");
      expect(end.reason).toBe("tool_calls");
    });

    it("counts the tokens of the prompt that a chat with tools and thoughts has", async () => {
      for (const rest of [{}, toolUse(), { ...toolUse(), thinking: { mode: "on" } as const }]) {
        const request = chatRequest("What is the weather in Oslo?", { maxTokens: 1, ...rest });
        const { end } = await readAnswer(replica, request);
        const { prompt } = request;
        const counts: number[] = [];
        for await (const event of replica.infer({ task: "tokenize", prompt, ...rest }, neverAborts))
          if (event.kind === "token-ids") counts.push(event.ids.length);
        expect(counts).toEqual([end.usage.promptTokens]);
      }
    });

    it("answers as usual where no tool helps", async () => {
      const { calls, text, end } = await ask("Hello!", toolUse());
      expect(calls).toEqual([]);
      expect(text).toMatch(/hello/i);
      expect(end.reason).toBe("stop");
    });

    // What a model says that wanted to call is its own affair: it may be nothing.
    it("calls no tool where it may not", async () => {
      const { calls, text, end } = await ask(
        "What is the weather in Oslo?",
        toolUse({ choice: { kind: "none" } }),
      );
      expect(calls).toEqual([]);
      if (readsBarredCalls) expect(text).not.toContain("<|tool_call>");
      expect(end.reason).toBe("stop");
    });

    it("calls some tool where it must, once where it may call once", async () => {
      const { calls, end } = await ask(
        "What is the weather in Oslo and in Rome?",
        toolUse({ choice: { kind: "required" }, isParallel: false }),
      );
      expect(calls.length).toBe(1);
      expect(["get_weather", "get_time"]).toContain(calls[0]?.name);
      expect(typeof JSON.parse(calls[0]?.json ?? "")).toBe("object");
      expect(calls[0]?.id).not.toBe("");
      expect(end.reason).toBe("tool_calls");
    });

    it("calls the tool that is named", async () => {
      const choice = { kind: "named", name: "get_weather" } as const;
      const { calls } = await ask("How is the weather in Rome today?", toolUse({ choice }));
      expect(calls.map(({ name: tool, json }) => [tool, JSON.parse(json)])).toEqual([
        ["get_weather", { city: "Rome" }],
      ]);
    });

    it("gives each call before its arguments, with an id of its own", async () => {
      const request = chatRequest("What is the weather in Oslo and in Rome?", {
        maxTokens: 200,
        ...toolUse({ choice: { kind: "required" } }),
      });
      const { events } = await readAnswer(replica, request);
      const { calls } = tell(events);
      expect(calls.length).toBeGreaterThan(0);
      expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
      for (const { json } of calls) expect(typeof JSON.parse(json)).toBe("object");
    });

    it("goes on after a tool's result", async () => {
      const messages: ChatMessage[] = [
        { role: "user", content: "What is the weather in Oslo?" },
        {
          role: "assistant",
          content: "",
          toolCalls: [{ id: "call_1", name: "get_weather", argumentsJson: '{"city":"Oslo"}' }],
        },
        { role: "tool", toolCallId: "call_1", content: '{"temperature": 7, "condition": "rain"}' },
      ];
      const { text, calls, end } = await ask("", { prompt: { kind: "chat", messages }, ...toolUse() });
      expect(calls).toEqual([]);
      expect(text).toContain("7");
      expect(end.reason).toBe("stop");
    });

    it("thinks before it answers where it shall, and tells the two apart", async () => {
      const { reasoning, text, kinds, end } = await ask("What is 7 + 5?", { thinking: { mode: "on" } });
      expect(reasoning).not.toBe("");
      expect(`${reasoning}${text}`).not.toMatch(/<\||\|>|<\/?think>/);
      expect(text).toContain("12");
      expect(kinds.lastIndexOf("reasoning")).toBeLessThan(kinds.indexOf("text"));
      expect(end.usage.reasoningTokens).toBeGreaterThan(0);
      expect(end.usage.reasoningTokens).toBeLessThan(end.usage.completionTokens);
    });

    it("does not think where it shall not", async () => {
      const { reasoning, text } = await ask("What is 7 + 5?", { thinking: { mode: "off" } });
      expect(reasoning).toBe("");
      expect(text).toContain("12");
    });

    it.runIf(hasThoughtBudget)("ends a thought at its budget, and answers", async () => {
      const free = await ask("What is 7 + 5?", { thinking: { mode: "on" } });
      const budgetTokens = Math.floor((free.end.usage.reasoningTokens ?? 0) / 2);
      const held = await ask("What is 7 + 5?", { thinking: { mode: "on", budgetTokens } });
      expect(held.reasoning.length).toBeLessThan(free.reasoning.length);
      expect(held.text).not.toBe("");
    });

    it("takes a thought that maxTokens cut off for a thought", async () => {
      const { text, end } = await ask("What is 7 + 5?", { thinking: { mode: "on" }, maxTokens: 5 });
      expect(text).toBe("");
      expect(end.reason).toBe("length");
    });

    it("answers with what a schema allows", async () => {
      const { text, end } = await ask("Name: Ada, age: 36. Reply in JSON with name and age.", {
        format: { kind: "json-schema", schema: personSchema },
      });
      expect(JSON.parse(text)).toEqual({ name: "Ada", age: 36 });
      expect(end.reason).toBe("stop");
    });

    it("answers with what a schema allows though the question leads elsewhere", async () => {
      const { text } = await ask("Hello!", { format: { kind: "json-schema", schema: personSchema } });
      const { name: person, age, ...others } = JSON.parse(text);
      expect(typeof person).toBe("string");
      expect(Number.isInteger(age) && age >= 0 && age <= 150).toBe(true);
      expect(others).toEqual({});
    });

    it("answers with any JSON object", async () => {
      const { text } = await ask("Name: Ada, age: 36. Reply in JSON with name and age.", {
        format: { kind: "json-object" },
      });
      expect(JSON.parse(text)).toBeTypeOf("object");
    });

    it("thinks freely, and then answers with what a schema allows", async () => {
      const { reasoning, text } = await ask("What is 7 + 5?", {
        thinking: { mode: "on" },
        format: {
          kind: "json-schema",
          schema: { type: "object", properties: { sum: { type: "integer" } }, required: ["sum"] },
        },
      });
      expect(reasoning).not.toBe("");
      expect(Number.isInteger(JSON.parse(text).sum)).toBe(true);
    });

    it("serves such requests beside others as it does one by one", async () => {
      const requests: GenerateRequest[] = [
        chatRequest("What is the weather in Oslo?", { maxTokens: 100, ...toolUse() }),
        chatRequest("What is 7 + 5?", { thinking: { mode: "on" } }),
        chatRequest("Hello!", { format: { kind: "json-schema", schema: personSchema }, maxTokens: 100 }),
        chatRequest("Hello!"),
      ];
      const parts = async (request: GenerateRequest) => {
        const { calls, text, reasoning } = tell((await readAnswer(replica, request)).events);
        return { text, reasoning, calls: calls.map(({ id: _, ...call }) => call) };
      };
      const alone: unknown[] = [];
      for (const request of requests) alone.push(await parts(request));
      for (let round = 0; round < 3; round++) expect(await Promise.all(requests.map(parts))).toEqual(alone);
    });
  });
}

interface Told {
  readonly kinds: readonly InferenceEvent["kind"][];
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly json: string }[];
  readonly end: InferenceEvent & { readonly kind: "end" };
}

/** What an answer told, its pieces put together. Calls must come in order, and begin before their arguments. */
function tell(events: readonly InferenceEvent[]): Told {
  const texts = { text: "", reasoning: "" };
  const calls: { id: string; name: string; json: string }[] = [];
  for (const event of events) {
    if (event.kind === "text" || event.kind === "reasoning") texts[event.kind] += event.text;
    if (event.kind === "tool-call") {
      expect(event.index).toBe(calls.length);
      calls.push({ id: event.id, name: event.name, json: "" });
    }
    if (event.kind === "tool-arguments") {
      const call = calls[event.index];
      if (call === undefined) throw new Error(`arguments of call ${event.index} came before the call`);
      call.json += event.text;
    }
  }
  const end = events.at(-1);
  if (end?.kind !== "end") throw new Error(`the answer's last event is ${end?.kind}, not its end`);
  return { ...texts, calls, end, kinds: events.map(({ kind }) => kind) };
}
