import { ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { chatRequest, failureCode, readAnswer } from "../../ports/engine.contract.ts";
import { json, type Route } from "./scripted-server.fake.ts";
import { serve, vllm, whileAdvancing } from "./upstream.fixture.ts";

describe("the watch over an upstream", () => {
  it("takes it for gone when nobody listens, and at once where an answer meets that", async () => {
    const { server, replica } = await serve({});
    await server.stop();
    await expect(readAnswer(replica, chatRequest("hi"))).rejects.toMatchObject({ code: "engine_crashed" });
    expect(await replica.exited).toMatchObject({ kind: "crashed" });
    expect(await failureCode(readAnswer(replica, chatRequest("hi")))).toBe("engine_crashed");
  });

  it("takes it for gone after three failures in a row, and not before", async () => {
    const clock = new ManualClock();
    const { server, replica } = await serve({}, { clock });
    let hasExited = false;
    void replica.exited.then(() => {
      hasExited = true;
    });
    const check = async (route: Route) => {
      server.on("/v1/models", route);
      await whileAdvancing(clock, server.next("/v1/models"));
    };
    const ill = json({}, 500);
    for (const route of [ill, ill, vllm, ill, ill]) await check(route);
    expect(hasExited).toBe(false);
    await check(ill);
    expect(await whileAdvancing(clock, replica.exited)).toEqual({ kind: "crashed", detail: "HTTP 500" });
  });

  it("ends with the replica", async () => {
    const clock = new ManualClock();
    const { server, replica } = await serve({ "/v1/chat/completions": () => {} }, { clock });
    const asked = server.next("/v1/chat/completions");
    const answer = failureCode(readAnswer(replica, chatRequest("hi")));
    await asked;
    await Promise.all([replica.close(), replica.close()]);
    expect(await answer).toBe("engine_failed");
    expect((await replica.exited).kind).toBe("closed");
    const before = server.seen.length;
    clock.advance(60_000);
    expect(server.seen.length).toBe(before);
  });
});
