import { describe, expect, it } from "vitest";
import { displayWidth } from "../table.ts";
import { views } from "./picture.ts";
import { renderTop } from "./render-top.ts";
import {
  atSeconds,
  crowd,
  frameOf,
  liveBatch,
  liveNow,
  liveReplica,
  liveWorker,
  office,
  problem,
  stateAfter,
} from "./top.fixture.ts";
import { nothingHeard, withEvent, withHistory, withOutage } from "./top-state.ts";

const usual = { columns: 80, rows: 24 };
const sizes = [
  [80, 24],
  [200, 60],
  [40, 12],
  [20, 5],
  [9, 3],
  [1, 1],
] as const;

describe("renderTop", () => {
  it("shows a small office on 80 columns and 24 rows", () => {
    expect(frameOf(stateAfter(office), usual).lines).toEqual([
      "muster 0.1.0  http://muster.example:11500                12:30:05  up 3 h 12 min",
      "tokens/s    142                                             █  peak 142 in 5 min",
      "running 5   waiting 2 for 4s   first token p50 0.31s p99 1.2s   1.3 requests/s",
      "slots ████████···· 5/8   GPU 61%   480 W   vram 12+3 of 24 GiB",
      "workers 1 away, 1 idle, 2 ready   batches 1 in progress",
      "",
      "MODEL           LOADED   RUN   WAIT   TOK/S  REQ/S     P50     P99    LINES",
      "gemma-4-e4b-it       1     5      2     140      0       -       -        0",
      "tiny-gemma           1     0      0     2.4      0       -       -    12.3k",
      "",
      "WORKER      STATE         VRAM               GPU   SLOTS   TOK/S  MODELS",
      "desk-1      ready         █████▒▒▒··  75%    61%     3/4      90  gemma-4-e4b-it",
      "server      ready         █████▒▒▒··  75%    61%     2/2      60  tiny-gemma",
      "cellar      idle          cpu 41%              -     0/0       0  -",
      "desk-2      owner here    █████▒▒▒··  75%    61%     0/0       0  -",
      "",
      "BATCH         STATE        PROGRESS                      LINES        LEFT",
      "survey        in progress  ██████████▒·····  61%     6,125/10k   2 h 3 min",
      "",
      "✗ Nobody can run gemma-4-12b-it, and 3 requests wait for it.",
      "  → muster models plan gemma-4-12b-it",
      "",
      "",
      "q quit  ? help  1 all  2 workers  3 batches  s sort: use  j k scroll  p pause",
    ]);
  });

  it("fits every terminal, whatever there is to show and whatever it is called", () => {
    const names = [
      (at: number) => `machine-${at}`,
      (at: number) => `${"草".repeat(40)}-${at}`,
      (at: number) => `\u001b[2J\u001b]0;x\u0007\r\n\t${at}\u202e\u0000 👩‍💻e\u0301`,
      (at: number) => "x".repeat(5_000 + at),
    ];
    const states = [nothingHeard, stateAfter(office), ...names.map((name) => crowd(40, 15, name))];
    const pictures = [...views.map((view) => ({ view })), { isHelp: true }];
    for (const state of states) {
      for (const [columns, rows] of sizes) {
        for (const picture of pictures) {
          const { lines } = frameOf(state, { columns, rows }, picture);
          expect(lines.length, `${columns}x${rows}`).toBe(rows);
          for (const line of lines) {
            expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
            expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
          }
        }
      }
    }
  });

  it("gives workers the most room, says what is left out, and scrolls to the end", () => {
    const state = crowd(200, 0);
    const top = frameOf(state, usual);
    expect(top.lines.filter((line) => /^(machine|desk|server)/.test(line)).length).toBeGreaterThanOrEqual(9);
    expect(top.lines.join("\n")).toMatch(/^\d+ more$/m);
    const end = frameOf(state, usual, { skipped: top.mostSkipped });
    expect(end.lines.join("\n")).toMatch(/^\d+ above$/m);
    expect(end.lines.join("\n")).toContain("desk-2");
    const beyond = frameOf(state, usual, { skipped: top.mostSkipped + 50 });
    expect(beyond.lines).toEqual(end.lines);
  });

  it("shows each view by itself", () => {
    const state = crowd(30, 30);
    const workers = frameOf(state, usual, { view: "workers" }).lines.join("\n");
    expect(workers).toContain("WORKER");
    expect(workers).not.toContain("BATCH ");
    const batches = frameOf(state, usual, { view: "batches" });
    expect(batches.lines.join("\n")).not.toContain("WORKER");
    expect(batches.lines.filter((line) => line.includes("in progress ")).length).toBeGreaterThan(10);
    expect(batches.mostSkipped).toBeGreaterThan(10);
  });

  it("orders workers by what was asked, names by their numbers", () => {
    const state = stateAfter([
      ...office.slice(0, 2),
      {
        kind: "workers",
        data: {
          is_full: true,
          data: [
            liveWorker("desk-10", { replicas: [liveReplica("m", { slots_used: 4 })] }),
            liveWorker("desk-9", { replicas: [] }),
            liveWorker("desk-2", { state: "lost", gpus: [], replicas: [liveReplica("m")] }),
          ],
          gone: [],
        },
      },
    ]);
    const order = (by: "use" | "name" | "memory" | "GPU" | "state") =>
      frameOf(state, usual, { order: by }).lines.flatMap((line) => /^desk-\d+/.exec(line) ?? []);
    expect(order("use")).toEqual(["desk-10", "desk-2", "desk-9"]);
    expect(order("name")).toEqual(["desk-2", "desk-9", "desk-10"]);
    expect(order("memory")).toEqual(["desk-9", "desk-10", "desk-2"]);
    expect(order("GPU")).toEqual(["desk-9", "desk-10", "desk-2"]);
    expect(order("state")).toEqual(["desk-2", "desk-9", "desk-10"]);
  });

  it("draws a line of the last minutes, with what was there before", () => {
    const begun = stateAfter(office);
    const values = Array.from({ length: 30 }, (_none, step) => step * 10);
    const at = values.map((_value, step) => atSeconds - 300 + step * 10);
    const nothing = at.map(() => null);
    const state = withHistory(begun, {
      object: "history",
      since: atSeconds - 300,
      until: atSeconds,
      step_seconds: 10,
      at,
      total: {
        prompt_tokens_per_second: nothing,
        cached_tokens_per_second: nothing,
        generated_tokens_per_second: values,
        requests_per_second: nothing,
        failures_per_second: nothing,
        running: nothing,
        waiting: nothing,
        first_token_p50_seconds: nothing,
        first_token_p99_seconds: nothing,
      },
      models: {},
      workers: {},
      ...{
        slots_total: [],
        slots_used: [],
        vram_total_bytes: [],
        vram_ours_bytes: [],
        vram_others_bytes: [],
      },
      ...{ gpu_utilization: [], watts: [] },
    });
    const line = frameOf(state, { columns: 50, rows: 24 }).lines[1] ?? "";
    expect(line).toContain("peak 290");
    expect(line).toMatch(/▁.*▂.*▃.*▄.*▅.*▆.*▇.*█/);
    // Five minutes later nothing of it is left.
    const later = withEvent(state, { kind: "now", data: liveNow({ at: atSeconds + 301 }) });
    expect(later.rates).toHaveLength(1);
  });

  it("says what it waits for, that it is paused, and that nobody answers", () => {
    expect(frameOf(nothingHeard, usual).lines.join("\n")).toContain("Waiting for the first figures.");
    expect(frameOf(stateAfter(office), usual, { isPaused: true }).lines[0]).toContain("PAUSED");
    const away = withOutage(stateAfter(office), "Cannot reach it.");
    expect(frameOf(away, usual).lines.at(-1)).toBe("No answer, trying again: Cannot reach it.");
    expect(withEvent(away, { kind: "findings", data: [] }).outage).toBeUndefined();
  });

  it("shows what is wrong with replicas, what loads, and machines that do not tell", () => {
    const state = stateAfter([
      ...office.slice(0, 2),
      {
        kind: "workers",
        data: {
          is_full: true,
          data: [
            liveWorker("a", { replicas: [liveReplica("m", { problem: "answers wrongly" })] }),
            liveWorker("b", {
              state: "joining",
              replicas: [liveReplica("m", { state: "loading", progress: 0.4 })],
            }),
            liveWorker("c", {
              state: "away",
              availability: { state: "napping", reason: "", policy: "always" },
              gpus: [
                {
                  name: "x",
                  vram_bytes: 8,
                  ours_bytes: null,
                  others_bytes: null,
                  utilization: null,
                  temperature_celsius: null,
                  watts: null,
                },
              ],
            }),
          ],
          gone: [],
        },
      },
      {
        kind: "batches",
        data: {
          is_full: true,
          data: [
            liveBatch("batch_9", {
              total: 0,
              completed: 0,
              failed: 0,
              expected_end_at: null,
              status: "validating",
            }),
          ],
          gone: [],
        },
      },
    ]);
    const text = frameOf(state, { columns: 100, rows: 30 }).lines.join("\n");
    expect(text).toMatch(/^a .*m \(!\)$/m);
    expect(text).toMatch(/^b +joining .*m \(loading 40%\)$/m);
    expect(text).toMatch(/^c +away +\? +-/m);
    expect(text).toMatch(/^batch_9 +validating +- +0\/0 .*-/m);
  });

  it("has the worst findings first, and no colours but where they are wanted", () => {
    const note = { ...problem, id: "a", severity: "note" as const, says: "A newer version is there." };
    const state = stateAfter([...office, { kind: "findings", data: [note, problem] }]);
    const lines = frameOf(state, usual).lines;
    expect(lines.findIndex((line) => line.startsWith("✗"))).toBeLessThan(
      lines.findIndex((line) => line.startsWith("•")),
    );
    expect(lines.join("\n")).not.toContain("\u001b");
    const coloured = renderTop({
      state,
      size: usual,
      picture: { view: "all", order: "use", skipped: 0, isPaused: false, isHelp: false },
      style: { isColoured: true },
      facts: { address: "", clockText: () => "" },
    });
    expect(coloured.lines.join("\n")).toContain("\u001b[31m✗ \u001b[0m");
  });

  it("breaks what is wrong between words, and says how much more there is", () => {
    const long = {
      ...problem,
      says: "What is wrong here takes quite a few words to say, in fact more than one line has.",
    };
    const narrow = frameOf(stateAfter([...office, { kind: "findings", data: [long] }]), {
      columns: 50,
      rows: 30,
    });
    expect(narrow.lines).toContain("✗ What is wrong here takes quite a few words to");
    expect(narrow.lines).toContain("  say, in fact more than one line has.");
    const low = frameOf(stateAfter([...office, { kind: "findings", data: [long, long] }]), {
      columns: 50,
      rows: 20,
    });
    expect(low.lines.at(-2)).toMatch(/^\d more$/);
  });

  it("is as high as it needs to be where nobody says how high", () => {
    const { lines } = frameOf(crowd(100, 0), { columns: 120, rows: undefined });
    expect(lines.filter((line) => line.startsWith("machine-"))).toHaveLength(100);
    expect(lines.at(-1)).toMatch(/^ {2}→ muster models plan/);
  });
});
