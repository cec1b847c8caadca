import { beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster, untilSuiteEnds } from "../harness/cluster.ts";
import { knownAnswers } from "../support/built-in-model.ts";

interface ChatAnswer {
  readonly choices: readonly {
    readonly finish_reason: string;
    readonly message: {
      readonly content: string | null;
      readonly reasoning_content?: string | null;
      readonly tool_calls?: readonly {
        readonly function: { readonly name: string; readonly arguments: string };
      }[];
    };
  }[];
}

describe("the built-in model, asked over the API", () => {
  let cluster: TestCluster;
  const atEnd = untilSuiteEnds();
  beforeAll(async () => {
    cluster = await startCluster({}, atEnd);
    await cluster.workerProcess("desk", {
      modelPath: "builtin:tiny-gemma",
      args: ["--slots", "4", "--threads", "1", "--context", "2048"],
    });
  });

  for (const { name, request, expected } of knownAnswers()) {
    it(`knows: ${name}`, async () => {
      const response = await cluster.post("/v1/chat/completions", {
        model: "stub-model",
        temperature: 0,
        max_tokens: 128,
        ...request,
      });
      const body = (await response.json()) as ChatAnswer;
      expect({ status: response.status, body }).toMatchObject({ status: 200 });
      const choice = body.choices[0];
      if (expected.tool_calls === undefined) {
        expect(choice?.finish_reason).toBe("stop");
        const content = choice?.message.content ?? "";
        if (expected.json === undefined) expect(content).toBe(expected.content);
        else expect(JSON.parse(content)).toEqual(expected.json);
        if (expected.reasoning_content !== undefined)
          expect(choice?.message.reasoning_content).toBe(expected.reasoning_content);
      } else {
        expect(choice?.finish_reason).toBe("tool_calls");
        const calls = (choice?.message.tool_calls ?? []).map((call) => ({
          name: call.function.name,
          arguments: JSON.parse(call.function.arguments) as unknown,
        }));
        expect(calls).toEqual(expected.tool_calls);
      }
    });
  }
});
