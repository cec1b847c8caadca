import type { Availability } from "@muster/base";
import { describe, expect, it } from "vitest";
import { replica, ScriptedWorker, startFlows, submit } from "./flows.fixture.ts";

const away: Availability = { state: "owner_here", reason: "Somebody is there.", policy: "owner-away" };
const lending: Availability = { state: "lending", reason: "", policy: "owner-away" };
const givenBack = {
  kind: "failed",
  code: "given_back",
  message: "Its machine is not lent any more.",
} as const;

describe("a worker whose owner comes back", () => {
  it("gives a request back, which another answers; that is counted, and not against the request", async () => {
    const flows = startFlows();
    const first = new ScriptedWorker(flows, "w1");
    const { done } = await submit(flows);
    const assign = await first.untilAssigned(1);
    flows.fleet.setAvailability("w1", away);
    first.end(assign, givenBack);
    const second = new ScriptedWorker(flows, "w2");
    const again = await second.untilAssigned(1);
    expect(again.epoch).toBe(2);
    second.finish(again);
    expect((await done).at(-1)?.kind).toBe("end");
    expect(flows.fleet.worker("w1")).toMatchObject({ state: "away", givenBack: 1, availability: away });
    expect(flows.fleet.worker("w2")?.givenBack).toBe(0);
  });

  it("gets nothing more until it lends again", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    flows.fleet.setAvailability("w1", away);
    const { done } = await submit(flows);
    await new Promise((resolve) => setImmediate(resolve));
    expect(worker.assigned).toEqual([]);
    flows.fleet.setAvailability("w1", lending);
    worker.finish(await worker.untilAssigned(1));
    expect((await done).at(-1)?.kind).toBe("end");
  });

  it("keeps what it was chosen to serve known while it is away, and nothing that was placed there", () => {
    const { fleet, ...flows } = startFlows();
    const worker = new ScriptedWorker({ fleet, ...flows }, "w1", [
      replica({ id: "fixed", model: "chosen", isFixed: true }),
      replica({ id: "placed", model: "placed" }),
    ]);
    fleet.setAvailability("w1", away);
    fleet.reportReplica("w1", replica({ id: "fixed", model: "chosen", isFixed: true, state: "unloaded" }));
    fleet.reportReplica("w1", replica({ id: "placed", model: "placed", state: "unloaded" }));
    expect(fleet.knownModels()).toEqual(["chosen"]);
    expect(fleet.slots("chosen")).toBe(0);
    expect(fleet.canDo("chosen", new Set(["chat"]))).toBe(true);
    fleet.setAvailability("w1", lending);
    expect(fleet.knownModels()).toEqual([]);
    fleet.reportReplica("w1", replica({ id: "fixed", model: "chosen", isFixed: true }));
    expect(fleet.slots("chosen")).toBe(2);
    worker.die();
  });

  it("that joins away is told of with its reason, and its count outlives the link", () => {
    const { fleet, ...flows } = startFlows();
    const first = new ScriptedWorker({ fleet, ...flows }, "w1", []);
    fleet.noteGivenBack("w1");
    first.die();
    const again = new ScriptedWorker({ fleet, ...flows }, "w1", []);
    fleet.setAvailability("w1", away);
    fleet.reportReplica("w1", replica({ model: "chosen", isFixed: true, state: "unloaded" }));
    expect(fleet.worker("w1")).toMatchObject({ state: "away", givenBack: 1 });
    expect(fleet.knownModels()).toEqual(["chosen"]);
    again.die();
  });
});
