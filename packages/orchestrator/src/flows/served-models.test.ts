import { Background, ManualClock, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { Announcement, ModelDirectory, ServedModel } from "../ports/model-directory.ts";
import { replica, ScriptedWorker, startFlows } from "./flows.fixture.ts";
import { ServedModels } from "./served-models.ts";

function start(elsewhere: ReadonlyMap<string, ServedModel> = new Map()) {
  const flows = startFlows();
  const clock = new ManualClock();
  const said: Announcement[] = [];
  const directory: ModelDirectory = {
    announce: async (announcement) => {
      said.push(announcement);
    },
    hasOthers: () => false,
    elsewhere: () => elsewhere,
    askedElsewhere: () => new Map(),
    loadableElsewhere: () => new Map(),
    comingElsewhere: () => new Map(),
    close: async () => {},
  };
  const background = new Background(silentLog);
  const served = new ServedModels({ fleet: flows.fleet, directory, clock, log: silentLog, background });
  return { ...flows, served, clock, said, background };
}

describe("what is served", () => {
  it("elsewhere may be able to do anything while it is being loaded there", () => {
    const chats: ServedModel = { slots: 2, capabilitySets: [new Set(["chat"])] };
    const { served } = start(
      new Map([
        ["loading", { slots: 0, capabilitySets: [] }],
        ["ready", chats],
      ]),
    );
    expect(served.canDo("loading", new Set(["chat"]))).toBe(true);
    expect(served.canDo("ready", new Set(["chat"]))).toBe(true);
    expect(served.canDo("ready", new Set(["embedding"]))).toBe(false);
    expect(served.canDo("nowhere", new Set(["chat"]))).toBe(false);
  });

  it("is said together where much happens at once, and nothing of it is left out", async () => {
    const flows = start();
    flows.served.announce();
    await flows.background.idle(1_000);
    for (let at = 0; at < 50; at++) {
      new ScriptedWorker(flows, `w${at}`, [replica({ slots: 1 })]);
      flows.served.announce();
    }
    expect(flows.said).toHaveLength(1);
    flows.clock.advance(100);
    await flows.background.idle(1_000);
    expect(flows.said).toHaveLength(2);
    expect(flows.said[1]?.served.get("m")?.slots).toBe(50);
    flows.clock.advance(2_000);
    expect(flows.said).toHaveLength(3);
  });
});
