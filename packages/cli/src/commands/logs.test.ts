import type { LogLine } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { createTestIo, runCommand } from "../command-io.fixture.ts";
import { startLiveServer } from "../live-server.fixture.ts";
import { logText } from "../log-text.ts";
import { logsCommand } from "./logs.ts";

const line = (changes: Partial<LogLine> = {}): LogLine => ({
  at: Date.now() / 1_000,
  level: "info",
  source: "orchestrator",
  words: "worker joined",
  fields: {},
  ...changes,
});
const list = (...data: LogLine[]) => ({ object: "list", data, has_more: false });

describe("logText", () => {
  const at = new Date(2026, 10, 29, 12, 30, 5, 7).getTime();
  const text = (changes: Partial<LogLine>, nowMs = at) =>
    logText(line({ at: at / 1_000, ...changes }), { nowMs, style: {} });

  it("says when, how grave, who, what, and about what", () => {
    expect(text({ fields: { worker: "desk-1", slots: 4, reason: "no room", of: { a: 1 } } })).toBe(
      '12:30:05.007 info  orchestrator worker joined worker=desk-1 slots=4 reason="no room" of={"a":1}',
    );
    expect(text({ level: "error", source: "desk-1" })).toBe("12:30:05.007 error desk-1       worker joined");
    expect(text({}, at + 86_400_000)).toMatch(/^2026-11-29 12:30:05\.007 info/);
  });

  it("lets nothing of a line move the cursor, and no field be endless", () => {
    const hostile = text({
      words: "a\u001b[2J\nb",
      source: "\u202ex",
      fields: { "k\r": "v\u001b\n", long: "x".repeat(9_999) },
    });
    expect(hostile).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    expect(hostile.length).toBeLessThan(700);
  });

  it("has colours where they are wanted", () => {
    expect(logText(line({ level: "warn" }), { nowMs: at, style: { isColoured: true } })).toContain(
      "\u001b[33mwarn \u001b[0m",
    );
  });
});

describe("muster logs", () => {
  it("asks for what is wanted, and prints it", async () => {
    const { url, asked } = await startLiveServer([], {
      "/cluster/v1/logs": list(line(), line({ words: "second" })),
    });
    const io = createTestIo();
    await runCommand(io, logsCommand, [
      "desk 1",
      "--level",
      "debug",
      "--request",
      "req-1",
      "--limit",
      "5",
      "--url",
      url,
    ]);
    expect(io.err()).toBe("");
    expect(asked).toEqual(["/cluster/v1/logs?level=debug&source=desk+1&request=req-1&limit=5"]);
    expect(io.out()).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}orchestrator worker joined\n.* second\n$/);
    const json = createTestIo();
    await runCommand(json, logsCommand, ["--json", "--url", url]);
    expect(
      json
        .out()
        .trim()
        .split("\n")
        .map((each): LogLine => JSON.parse(each)),
    ).toMatchObject([{ words: "worker joined" }, { words: "second" }]);
  });

  it("leaves out what is too old, and counts after that", async () => {
    const now = Date.now() / 1_000;
    const lines = [
      line({ at: now - 7_200, words: "old" }),
      line({ at: now - 60, words: "early" }),
      line({ at: now, words: "late" }),
    ];
    const { url, asked } = await startLiveServer([], { "/cluster/v1/logs": list(...lines) });
    const io = createTestIo();
    await runCommand(io, logsCommand, ["--since", "1h", "--url", url]);
    expect(io.out()).toMatch(/early\n.*late\n$/);
    expect(io.out()).not.toContain("old");
    const one = createTestIo();
    await runCommand(one, logsCommand, ["--since", "1h", "--limit", "1", "--url", url]);
    expect(one.out()).toMatch(/^[^\n]*late\n$/);
    expect(asked).toEqual(["/cluster/v1/logs?limit=2000", "/cluster/v1/logs?limit=2000"]);
  });

  it("follows until Ctrl-C, and waits for a server that goes away", async () => {
    const first = line({ words: "first" });
    const { url, send, cut, asked, untilOpened } = await startLiveServer([["line", first]], {
      "/cluster/v1/logs": list(),
    });
    const io = createTestIo();
    const running = runCommand(io, logsCommand, ["orchestrator", "--follow", "--url", url]);
    await io.shows("first");
    cut();
    await new Promise<void>((resolve) => io.stderr.once("data", () => resolve()));
    await untilOpened(2);
    send("line", line({ words: "again" }));
    await io.shows("again");
    io.interrupt();
    await running;
    expect(io.out().match(/first/g)).toHaveLength(1);
    expect(io.err()).toContain("Trying again.");
    expect(io.exitCode()).toBe(130);
    expect(asked.at(-1)).toBe("/cluster/v1/logs?source=orchestrator&follow=1");
  });

  it("does not wait for a server that was never there, and refuses what cannot be", async () => {
    const gone = createTestIo();
    await runCommand(gone, logsCommand, ["--follow", "--url", "http://127.0.0.1:9"]);
    expect(gone.exitCode()).toBe(3);
    for (const args of [
      ["--level", "loud"],
      ["--limit", "2001"],
      ["--since", "yesterday"],
    ]) {
      const io = createTestIo();
      await runCommand(io, logsCommand, args);
      expect(io.exitCode(), args.join(" ")).toBe(2);
    }
  });
});
