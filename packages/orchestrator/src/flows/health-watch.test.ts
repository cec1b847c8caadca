import { Background, ManualClock, silentLog } from "@muster/base";
import { expect, it } from "vitest";
import { HealthWatch } from "./health-watch.ts";

it("looks at the start and now and then, never when it is asked, and forgets a store that does not answer", async () => {
  const clock = new ManualClock();
  const background = new Background(silentLog);
  let looks = 0;
  let isUp = true;
  const seen = { usedBytes: 5, maxBytes: undefined, policy: "noeviction", latencySeconds: 0.001 };
  const watch = new HealthWatch({
    store: {
      look: async () => {
        looks += 1;
        return isUp ? seen : undefined;
      },
      close() {},
    },
    readDiskSpace: async (directory) => (directory === "/gone" ? undefined : { freeBytes: 1, sizeBytes: 2 }),
    directories: new Map([
      ["data", "/data"],
      ["mirror", "/gone"],
    ]),
    objectStoreProblem: async () => (isUp ? undefined : "gone"),
    certificates: () => new Map([["clients", 7]]),
    trustEndsAtMs: () => 8,
    unreadableRecords: () => 3,
    ...{ clock, background },
  });
  await watch.start();
  expect(watch.latest()).toEqual({
    store: seen,
    disks: new Map([["data", { freeBytes: 1, sizeBytes: 2 }]]),
    objectStoreProblem: undefined,
    certificates: new Map([["clients", 7]]),
    trustEndsAtMs: 8,
    unreadableRecords: 3,
  });
  expect(looks).toBe(1);
  isUp = false;
  await background.idle(1_000);
  clock.advance(10_000);
  await background.idle(1_000);
  expect([looks, watch.latest().store, watch.latest().objectStoreProblem]).toEqual([2, undefined, "gone"]);
  watch.stop();
  clock.advance(60_000);
  await background.idle(1_000);
  expect(looks).toBe(2);
});

it("does not wait for an object store that takes its time, and looks again once that has answered", async () => {
  const clock = new ManualClock();
  const background = new Background(silentLog);
  let looks = 0;
  const answers: ((problem: string) => void)[] = [];
  const watch = new HealthWatch({
    store: {
      look: async () => {
        looks += 1;
        return undefined;
      },
      close() {},
    },
    readDiskSpace: async () => ({ freeBytes: 1, sizeBytes: 2 }),
    directories: new Map([["data", "/data"]]),
    objectStoreProblem: () => new Promise((resolve) => answers.push(resolve)),
    certificates: () => new Map(),
    trustEndsAtMs: () => undefined,
    unreadableRecords: () => 0,
    ...{ clock, background },
  });
  await watch.start();
  expect([watch.latest().disks.size, watch.latest().objectStoreProblem]).toEqual([1, undefined]);
  clock.advance(60_000);
  expect(looks).toBe(1);
  answers[0]?.("it said nothing");
  await background.idle(1_000);
  expect(watch.latest().objectStoreProblem).toBe("it said nothing");
  clock.advance(10_000);
  expect(looks).toBe(2);
  watch.stop();
});
