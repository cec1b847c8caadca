import { describe, expect, it } from "vitest";
import { Muster } from "../client.ts";
import { openStream, sendJson, startServer } from "../server.fixture.ts";
import type { LogLine } from "./live-types.ts";

const line = (words: string): LogLine => ({ at: 1.5, level: "info", source: "desk-1", words, fields: {} });
const event = (words: string) => `event: line\ndata: ${JSON.stringify(line(words))}\n\n`;

describe("muster.logs", () => {
  it("lists lines that match", async () => {
    const server = await startServer((response) =>
      sendJson(response, { object: "list", data: [line("worker joined")] }),
    );
    const { logs } = new Muster({ baseUrl: server.url });
    const { data } = await logs.list({ level: "warn", source: "desk 1", request: "req-1", limit: 5 });
    expect(data).toEqual([line("worker joined")]);
    await logs.list();
    expect(server.seen.map(({ path }) => path)).toEqual([
      "/cluster/v1/logs?level=warn&source=desk+1&request=req-1&limit=5",
      "/cluster/v1/logs",
    ]);
  });

  it("follows them over connections that break, each one time; what is said twice is there twice", async () => {
    const server = await startServer((response, _seen, index) => {
      openStream(response);
      const texts = ["a", "b", "b", "c", "d"].slice(index === 0 ? 0 : 1, index === 0 ? 3 : undefined);
      response.write(texts.map(event).join(""), () => {
        if (index === 0) response.destroy();
      });
    });
    const words: string[] = [];
    for await (const each of new Muster({ baseUrl: server.url }).logs.follow({ level: "debug" }))
      if (words.push(each.words) === 5) break;
    expect(words).toEqual(["a", "b", "b", "c", "d"]);
    expect(server.seen[0]?.path).toBe("/cluster/v1/logs?level=debug&follow=1");
    expect(server.seen).toHaveLength(2);
  });
});
