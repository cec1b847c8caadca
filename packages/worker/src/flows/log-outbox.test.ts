import { ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { WorkerSays } from "../core/link-messages.ts";
import { LogOutbox } from "./log-outbox.ts";

type Logs = Extract<WorkerSays, { readonly kind: "logs" }>;

function start({ isConnected = true } = {}) {
  const clock = new ManualClock();
  const said: Logs[] = [];
  const link = { isConnected };
  const outbox = new LogOutbox({
    clock,
    say: (message) => void said.push(message as Logs),
    isConnected: () => link.isConnected,
  });
  return { clock, said, link, outbox };
}

describe("lines of a worker's log", () => {
  it("go out in small groups, once a second, and none of level debug", () => {
    const { clock, said, outbox } = start();
    for (let line = 0; line < 50; line++) outbox.add("info", { line }, "words");
    outbox.add("debug", {}, "of no interest elsewhere");
    expect(said).toEqual([]);
    clock.advance(1_000);
    expect(said.map(({ lines }) => lines.length)).toEqual([20]);
    clock.advance(5_000);
    expect(said.map(({ lines }) => lines.length)).toEqual([20, 20, 10]);
    expect(said.flatMap(({ lines }) => lines.map(({ fields }) => fields["line"]))).toEqual(
      Array.from({ length: 50 }, (_none, line) => line),
    );
  });

  it("wait while there is no link; what is too much is counted, the oldest first", () => {
    const { clock, said, link, outbox } = start({ isConnected: false });
    for (let line = 0; line < 700; line++) outbox.add("warn", { line }, "words");
    clock.advance(60_000);
    expect(said).toEqual([]);
    link.isConnected = true;
    outbox.linked();
    clock.advance(1_000);
    expect(said[0]).toMatchObject({ dropped: 200 });
    expect(said[0]?.lines[0]?.fields).toEqual({ line: 200 });
    clock.advance(60_000);
    expect(said.flatMap(({ lines }) => lines)).toHaveLength(500);
    expect(said.slice(1).every(({ dropped }) => dropped === 0)).toBe(true);
  });

  it("are said once more at the end, and then no more", () => {
    const { clock, said, outbox } = start();
    outbox.add("error", {}, "last words");
    outbox.close();
    outbox.add("error", {}, "too late");
    clock.advance(10_000);
    expect(said.flatMap(({ lines }) => lines.map(({ words }) => words))).toEqual(["last words"]);
  });
});
