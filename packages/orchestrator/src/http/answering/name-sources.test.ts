import type { FastifyReply } from "fastify";
import { describe, expect, it } from "vitest";
import type { AnswerSource } from "../../core/job.ts";
import { fingerprint } from "../openai/chat-wording.ts";
import { nameSources } from "./name-sources.ts";

const source: AnswerSource = {
  workerId: "w1",
  workerName: "Büro 1\n",
  epoch: 1,
  model: "a/b",
  variant: "q8_0",
};

describe("where an answer came from", () => {
  it("is said in headers, each worker and file once, in letters that a header can hold", () => {
    const headers: Record<string, string> = {};
    const reply = { header: (name: string, value: string) => Object.assign(headers, { [name]: value }) };
    const other = { ...source, workerName: "desk", epoch: 3, variant: undefined };
    nameSources(reply as unknown as FastifyReply, [source, other, source]);
    expect(headers).toEqual({
      "x-muster-worker": "B_ro_1_, desk",
      "x-muster-attempts": "3",
      "x-muster-variant": "q8_0",
    });
  });

  it("is a short and safe fingerprint, with as much as is known", () => {
    expect(fingerprint(source)).toBe("muster-B_ro_1_-a_b-q8_0");
    expect(fingerprint({ ...source, model: undefined, variant: undefined, workerName: "desk" })).toBe(
      "muster-desk",
    );
    expect(fingerprint({ ...source, model: "m".repeat(300) })).toHaveLength(
      "muster-B_ro_1_--q8_0".length + 48,
    );
  });
});
