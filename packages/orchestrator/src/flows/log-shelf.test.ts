import { type KeptLine, ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { LogShelf } from "./log-shelf.ts";

const of = (words: string, atMs = 0): KeptLine => ({ atMs, level: "info", words, fields: {} });
const desk = { id: "w-1", name: "desk" };

describe("the newest lines", () => {
  it("of the orchestrator are 2,000, and lines for finding faults push out no others", () => {
    const shelf = new LogShelf({ clock: new ManualClock() });
    shelf.add("warn", {}, "an old warning");
    for (let line = 0; line < 3_000; line++) shelf.add("debug", { line }, "a detail");
    const all = shelf.list({ level: "debug" }, 5_000);
    expect(all).toHaveLength(2_001);
    expect(all[0]?.words).toBe("an old warning");
    expect(shelf.list({ level: "debug" }, 2).map(({ fields }) => fields["line"])).toEqual([2_998, 2_999]);
    expect(shelf.list({ level: "info" }, 10)).toHaveLength(1);
  });

  it("of workers stand among them by their time, under the name that the worker has", () => {
    const clock = new ManualClock();
    const shelf = new LogShelf({ clock });
    clock.advance(50);
    shelf.add("info", {}, "ours");
    shelf.addOfWorker(desk, [of("before", 10), of("after", 60)], 0);
    const lines = shelf.list({ level: "info" }, 10);
    expect(lines.map(({ words, source }) => [words, source])).toEqual([
      ["before", "desk"],
      ["ours", "orchestrator"],
      ["after", "desk"],
    ]);
  });

  it("of a worker that sends too many are counted, and the count is told", () => {
    const clock = new ManualClock();
    const shelf = new LogShelf({ clock });
    const flood = Array.from({ length: 600 }, (_none, at) => of(`line ${at}`));
    shelf.addOfWorker(desk, flood, 3);
    clock.advance(1_000);
    shelf.addOfWorker(desk, [of("later")], 0);
    const told = shelf.list({ level: "warn" }, 10);
    expect(told.map(({ fields }) => fields)).toEqual([{ dropped: 103 }]);
    expect(shelf.list({ level: "info", source: "desk" }, 2_000)).toHaveLength(500);
  });

  it("never take more memory than they may, however many workers speak: who was silent for longest goes", () => {
    const clock = new ManualClock();
    const shelf = new LogShelf({ clock });
    const large = Array.from({ length: 300 }, () => ({ ...of("words"), fields: { text: "x".repeat(900) } }));
    for (let worker = 0; worker < 300; worker++)
      shelf.addOfWorker({ id: `w-${worker}`, name: `desk-${worker}` }, large, 0);
    const sources = new Set(shelf.list({ level: "info" }, 1e6).map(({ source }) => source));
    expect(sources.size).toBeLessThan(140);
    expect(sources.has("desk-299")).toBe(true);
    expect(sources.has("desk-0")).toBe(false);
  });

  it("are told to whoever follows, until they stop", () => {
    const shelf = new LogShelf({ clock: new ManualClock() });
    const seen: string[] = [];
    const stop = shelf.follow(({ words }) => void seen.push(words));
    shelf.add("info", {}, "one");
    shelf.addOfWorker(desk, [of("two")], 0);
    stop();
    shelf.add("info", {}, "three");
    expect(seen).toEqual(["one", "two"]);
  });
});
