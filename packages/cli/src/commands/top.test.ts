import { describe, expect, it } from "vitest";
import { createTestIo, runCommand, type TestIo } from "../command-io.fixture.ts";
import { startLiveServer } from "../live-server.fixture.ts";
import { liveNow, liveWorker, office } from "../top/top.fixture.ts";
import { topCommand } from "./top.ts";

const opening = office.map(({ kind, data }) => [kind, data] as const);

/** Runs `muster top` on a screen of 80 by 24; the result resolves when it has ended. */
function onScreen(io: TestIo, url: string): Promise<void> {
  return runCommand(io, topCommand, ["--size", "80x24", "--url", url]);
}

describe("muster top --once", () => {
  it("prints one picture, as wide as COLUMNS says and as high as it needs", async () => {
    const { url, asked } = await startLiveServer(opening);
    const io = createTestIo({ env: { COLUMNS: "100" } });
    await runCommand(io, topCommand, ["--once", "--url", url]);
    expect(io.err()).toBe("");
    expect(io.out()).toMatch(/^muster 0\.1\.0 {2}http:\/\/127\.0\.0\.1:\d+ .*up 3 h 12 min\n/);
    expect(io.out()).toMatch(/\ndesk-1 +ready/);
    expect(io.out()).toMatch(/\n✗ Nobody can run gemma-4-12b-it.*\n {2}→ muster models plan.*\n$/);
    expect(io.out()).not.toContain("\u001b");
    expect(asked.some((path) => path.startsWith("/cluster/v1/history?since="))).toBe(true);
  });

  it("is what a pipe gets without asking", async () => {
    const { url } = await startLiveServer(opening);
    const io = createTestIo();
    await runCommand(io, topCommand, ["--url", url]);
    expect(io.out()).toContain("desk-1");
    expect(io.exitCode()).toBe(0);
  });

  it("says what is wrong with an address, a key and a size", async () => {
    const gone = createTestIo();
    await runCommand(gone, topCommand, ["--once", "--url", "http://127.0.0.1:9"]);
    expect(gone.exitCode()).toBe(3);
    expect(gone.err()).toContain("muster up");
    const server = await startLiveServer(opening);
    server.refuse(401, "No such key.");
    const refused = createTestIo();
    await runCommand(refused, topCommand, ["--once", "--url", server.url]);
    expect([refused.exitCode(), refused.err()]).toEqual([1, expect.stringContaining("No such key.")]);
    const wrong = createTestIo();
    await runCommand(wrong, topCommand, ["--size", "0x5", "--url", server.url]);
    expect([wrong.exitCode(), wrong.err()]).toEqual([2, expect.stringContaining("80x24")]);
  });
});

describe("muster top --json", () => {
  it("prints each event as it comes, until Ctrl-C", async () => {
    const { url, send } = await startLiveServer(opening);
    const io = createTestIo();
    const running = runCommand(io, topCommand, ["--json", "--url", url]);
    await io.shows(/"kind":"findings"/);
    send("now", liveNow({ watts: 7 }));
    await io.shows(/"watts":7,/);
    io.interrupt();
    await running;
    const events = io
      .out()
      .trim()
      .split("\n")
      .map((line): { kind: string } => JSON.parse(line));
    expect(events.map(({ kind }) => kind)).toEqual([...office.map(({ kind }) => kind), "now"]);
    expect(io.exitCode()).toBe(130);
  });

  it("ends by itself with --once", async () => {
    const { url } = await startLiveServer(opening);
    const io = createTestIo();
    await runCommand(io, topCommand, ["--json", "--once", "--url", url]);
    expect(io.out().trim().split("\n")).toHaveLength(office.length);
    expect(io.exitCode()).toBe(0);
  });
});

describe("muster top on a screen", () => {
  it("takes the screen, follows what happens and what is typed, and gives it back", async () => {
    const { url, send } = await startLiveServer(opening);
    const io = createTestIo();
    const running = onScreen(io, url);
    await io.shows(/desk-1 +ready/);
    const renamed = liveWorker("attic", { id: "wrk-desk-1" });
    send("workers", { is_full: false, data: [renamed], gone: ["wrk-server"] });
    await io.shows(/attic +ready/);
    io.stdin.write("p");
    await io.shows("PAUSED");
    send("workers", { is_full: false, data: [{ ...renamed, name: "hidden" }], gone: [] });
    io.stdin.write("s");
    await io.shows("sort: name");
    expect(io.out()).not.toContain("hidden");
    io.stdin.write("p");
    await io.shows("hidden");
    io.stdin.write("q");
    await running;
    expect(io.exitCode()).toBe(0);
    expect(io.out().startsWith("\u001b[?1049h\u001b[?25l")).toBe(true);
    expect(io.out().endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
  });

  it("waits for a server that goes away, and says so", async () => {
    const { url, cut } = await startLiveServer(opening);
    const io = createTestIo();
    const running = onScreen(io, url);
    await io.shows("desk-1");
    cut();
    await io.shows("No answer, trying again");
    io.stdin.write("\u0003");
    await running;
    expect(io.exitCode()).toBe(130);
    expect(io.out().endsWith("\u001b[?1049l")).toBe(true);
  });

  it("gives the screen back before it says what has gone wrong", async () => {
    const server = await startLiveServer(opening);
    const io = createTestIo();
    const running = onScreen(io, server.url);
    await io.shows("desk-1");
    server.refuse(401, "That key was revoked.");
    server.cut();
    await running;
    expect(io.out().endsWith("\u001b[?1049l")).toBe(true);
    expect(io.err()).toContain("That key was revoked.");
    expect(io.exitCode()).toBe(1);
  });

  it("gives it back at a signal as well", async () => {
    const { url } = await startLiveServer(opening);
    const io = createTestIo();
    const running = onScreen(io, url);
    await io.shows("desk-1");
    io.interrupt();
    await running;
    expect(io.out().endsWith("\u001b[?1049l")).toBe(true);
    expect(io.exitCode()).toBe(130);
  });
});
