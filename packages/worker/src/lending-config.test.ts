import { describe, expect, it } from "vitest";
import { loadWorkerConfig } from "./config.ts";

const model = { models: [{ uri: "stub:m", name: undefined }] };

describe("the lending part of a worker's configuration", () => {
  it("lends always, with engines that stand back, unless it is told otherwise", () => {
    expect(loadWorkerConfig({}, {})).toMatchObject({
      lending: { policy: "always" },
      labels: {},
      takesPlacement: true,
      nice: 10,
      presenceFile: undefined,
    });
    expect(loadWorkerConfig(model, {}).takesPlacement).toBe(false);
  });

  it("takes flags before the environment", () => {
    const env = {
      MUSTER_LEND: "schedule",
      MUSTER_SCHEDULE: "sat-sun 00:00-24:00",
      MUSTER_LABELS: "room=lab, owner=ada",
      MUSTER_PLACEMENT: "on",
      MUSTER_NICE: "0",
      MUSTER_PRESENCE_FILE: "/tmp/readings.json",
    };
    const config = loadWorkerConfig(model, env);
    expect(config).toMatchObject({
      lending: { policy: "schedule" },
      labels: { room: "lab", owner: "ada" },
      takesPlacement: true,
      nice: 0,
      presenceFile: "/tmp/readings.json",
    });
    expect(loadWorkerConfig({ ...model, takesPlacement: false, labels: ["a=b"] }, env)).toMatchObject({
      takesPlacement: false,
      labels: { a: "b" },
    });
  });

  it("gathers from hours or minutes what policy is meant", () => {
    expect(loadWorkerConfig({ schedule: "19:00-07:00" }, {}).lending.policy).toBe("schedule");
    expect(loadWorkerConfig({ idleMinutes: 5 }, {}).lending).toEqual({
      policy: "owner-away",
      awayAfterMs: 300_000,
    });
    expect(loadWorkerConfig({ lend: "owner-away" }, {}).lending).toEqual({
      policy: "owner-away",
      awayAfterMs: 600_000,
    });
  });

  it("refuses what has no effect, what is missing and what cannot be read", () => {
    for (const [overrides, param] of [
      [{ lend: "always", schedule: "19:00-07:00" }, "--schedule"],
      [{ lend: "schedule", idleMinutes: 5, schedule: "19:00-07:00" }, "--idle-minutes"],
      [{ lend: "schedule" }, "--schedule"],
      [{ schedule: "whenever" }, "--schedule"],
      [{ labels: ["room"] }, "--label"],
      [{ labels: Array.from({ length: 65 }, (_none, at) => `k${at}=v`) }, "--label"],
    ] as const) {
      expect(() => loadWorkerConfig(overrides, {})).toThrow(
        expect.objectContaining({ code: "invalid_request", param }),
      );
    }
    expect(() => loadWorkerConfig({}, { MUSTER_LEND: "sometimes" })).toThrow("owner-away");
  });
});
