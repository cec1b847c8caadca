import type { LocalStatus } from "@muster/worker";
import { describe, expect, it } from "vitest";
import { statusLines } from "./worker-status.ts";

const gib = 2 ** 30;
const nowMs = 1_000_000;

const lending: LocalStatus = {
  workerId: "wrk-1",
  name: "desk-1",
  version: "0.1.0",
  pid: 42,
  orchestrator: "192.168.1.20:11501",
  isConnected: true,
  isDraining: false,
  availability: { state: "lending", reason: "", policy: "owner-away" },
  sinceMs: nowMs - 120_000,
  readings: { idleMs: 900_000, isFullScreen: false, isOnAcPower: true, isGpuUsedByOthers: null },
  replicas: [
    {
      replicaId: "rep-1",
      model: "gemma",
      state: "ready",
      slots: 4,
      isFixed: true,
      vramBytes: 5 * gib,
      ramBytes: gib,
    },
    {
      replicaId: "rep-2",
      model: "tiny",
      state: "loading",
      slots: 1,
      isFixed: false,
      vramBytes: 0,
      ramBytes: 0,
    },
  ],
  running: { interactive: 1, batch: 3 },
  givenBack: { interactive: 0, batch: 7 },
  gpus: [{ name: "RTX 4070", vramBytes: 12 * gib, freeVramBytes: 5 * gib, othersBytes: gib }],
};

describe("statusLines", () => {
  it("shows what runs, what is loaded and what is seen", () => {
    expect(statusLines(lending, nowMs)).toEqual([
      "desk-1 (pid 42), connected to 192.168.1.20:11501",
      "state      lending, for 2 min",
      "policy     owner-away",
      "seen       last input 15 min ago, no full screen, on AC power, use of the GPU unknown",
      "running    1 answer, 3 batch lines",
      "given back 0 answers, 7 batch lines",
      "model      gemma: ready, 4 slots, 5 GiB of the GPU and 1 GiB of main memory",
      "model      tiny: loading, 1 slot, placed by the orchestrator",
      "gpu        RTX 4070: 12 GiB, 5 GiB free, 1 GiB taken by other programs",
    ]);
  });

  it("tells of an administrator's pause, how to end it, and that it was ended", () => {
    const pausedFromAfar = (untilMs: number | null) =>
      statusLines({ ...lending, administratorPausedUntilMs: untilMs }, nowMs).find((line) =>
        line.startsWith("from afar"),
      );
    expect(pausedFromAfar(nowMs + 3_600_000)).toBe(
      "from afar  an administrator has it paused for 1 h more; muster worker resume ends that too",
    );
    expect(pausedFromAfar(null)).toContain("paused until muster workers resume");
    expect(statusLines({ ...lending, hasEndedAdministratorPause: true }, nowMs).join("\n")).toContain(
      "an administrator had paused it too: that is over as well",
    );
  });

  it("says why nothing is lent, and until when", () => {
    const { readings: _none, ...rest } = lending;
    const paused: LocalStatus = {
      ...rest,
      isConnected: false,
      isDraining: true,
      availability: { state: "paused", reason: "Its owner has paused it, until 12:30.", policy: "always" },
      pausedUntilMs: nowMs + 3_600_000,
      replicas: [],
    };
    const text = statusLines(paused, nowMs).join("\n");
    expect(text).toContain("no link to");
    expect(text).toContain("not lending: paused, for 2 min; draining");
    expect(text).toContain("why        Its owner has paused it, until 12:30.");
    expect(text).toContain("policy     always, paused for 1 h more");
    expect(text).toContain("models     none");
    expect(statusLines({ ...paused, pausedUntilMs: null }, nowMs).join("\n")).toContain(
      "until muster worker resume",
    );
  });
});
