import { type ErrorCode, type InferenceRequest, ManualClock, MusterError } from "@muster/base";
import type { FastifyReply, FastifyRequest } from "fastify";
import { expect, it } from "vitest";
import { operator } from "../../core/access/principal.ts";
import type { TokenCounts } from "../../core/usage/usage-row.ts";
import { RequestAccount } from "./request-account.ts";

async function admitted() {
  const settled: number[] = [];
  const answered: [string, TokenCounts][] = [];
  const deps = {
    clock: new ManualClock(),
    quota: {
      admit: async () => ({
        kind: "held" as const,
        view: { requests: undefined, tokens: undefined },
        settle: async (tokens: number) => void settled.push(tokens),
      }),
    },
    tracer: undefined,
    usage: {
      answered: (_owner: unknown, outcome: string, tokens: TokenCounts) =>
        void answered.push([outcome, tokens]),
    },
  };
  const principal = operator({ keyId: "k", tenant: "t" });
  const request = { principal, id: "req-1", routeOptions: { url: "/v1/embeddings" } };
  const account = new RequestAccount(deps, {
    request: request as unknown as FastifyRequest,
    reply: {} as FastifyReply,
    model: "m",
  });
  const texts: InferenceRequest[] = [100, 40].map((length) => ({
    task: "embed",
    inputs: ["x".repeat(length * 4)],
  }));
  await account.admit(texts);
  return { account, settled, answered };
}

const ended = (code: ErrorCode) => new MusterError(code, "It ended.");

it("whoever leaves before the first word pays for the prompts that workers have begun to read", async () => {
  for (const code of ["cancelled", "deadline_exceeded"] as const) {
    const { account, settled, answered } = await admitted();
    account.started(0);
    await account.close(ended(code));
    expect(settled).toEqual([100]);
    expect(answered).toEqual([["failed", { promptTokens: 100, cachedTokens: 0, completionTokens: 0 }]]);
  }
});

it("pays nothing for what was never begun, or failed through no fault of theirs", async () => {
  const waiting = await admitted();
  await waiting.account.close(ended("cancelled"));
  expect(waiting.settled).toEqual([0]);
  const failed = await admitted();
  failed.account.started(0);
  await failed.account.close(ended("engine_crashed"));
  await failed.account.close(ended("cancelled"));
  expect(failed.settled).toEqual([0]);
  expect(failed.answered).toHaveLength(1);
});
