import { Background, ManualClock, silentLog } from "@muster/base";
import { expect, it } from "vitest";
import { HealthWatch } from "./health-watch.ts";

it("looks at the start and now and then, never when it is asked, and forgets a store that does not answer", async () => {
  const clock = new ManualClock();
  const background = new Background(silentLog);
  let looks = 0;
  let isUp = true;
  const seen = { usedBytes: 5, maxBytes: undefined, latencySeconds: 0.001 };
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
    certificates: () => new Map([["clients", 7]]),
    unreadableRecords: () => 3,
    ...{ clock, background },
  });
  await watch.start();
  expect(watch.latest()).toEqual({
    store: seen,
    disks: new Map([["data", { freeBytes: 1, sizeBytes: 2 }]]),
    certificates: new Map([["clients", 7]]),
    unreadableRecords: 3,
  });
  expect(looks).toBe(1);
  isUp = false;
  clock.advance(10_000);
  await background.idle(1_000);
  expect([looks, watch.latest().store]).toEqual([2, undefined]);
  watch.stop();
  clock.advance(60_000);
  await background.idle(1_000);
  expect(looks).toBe(2);
});
