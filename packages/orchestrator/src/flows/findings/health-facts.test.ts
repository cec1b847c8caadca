import { expect, it } from "vitest";
import type { HealthView } from "../health-watch.ts";
import { healthFacts } from "./health-facts.ts";

const nothing: HealthView = {
  ...{ store: undefined, disks: new Map(), objectStoreProblem: undefined, certificates: new Map() },
  ...{ trustEndsAtMs: undefined, unreadableRecords: 0 },
};
const ours = { storeReserveBytes: 100, isCertificateRenewed: true };

it("nothing is known of what did not answer", () => {
  expect(healthFacts(nothing, ours)).toEqual({
    redis: { memory: undefined, policy: undefined },
    ...{ disks: [], certificates: [], objectStoreProblem: undefined, unreadableRecords: 0 },
  });
});

it("facts are told of what somebody can do something about, and of no other disk or certificate", () => {
  const free = (freeBytes: number) => ({ freeBytes, sizeBytes: 1_000 });
  const seen: HealthView = {
    store: { usedBytes: 5, maxBytes: 10, policy: "allkeys-lru", latencySeconds: 0.001 },
    disks: new Map([
      ["data", free(1)],
      ["objects", free(2)],
      ["mirror", free(3)],
    ]),
    certificates: new Map([
      ["clients", 7],
      ["fleet", 8],
      ["authority", 9],
    ]),
    ...{ trustEndsAtMs: 10, objectStoreProblem: "gone", unreadableRecords: 4 },
  };
  expect(healthFacts(seen, ours)).toEqual({
    redis: { memory: { usedBytes: 5, maxBytes: 10 }, policy: "allkeys-lru" },
    disks: [
      { volume: "objects", freeBytes: 2, neededBytes: 100 },
      { volume: "mirror", freeBytes: 3, neededBytes: 1_000_000_000 },
    ],
    // During a change of the authority the next one counts, which workers believe already.
    certificates: [
      { certificate: "clients", endsAtMs: 7, isRenewed: true },
      { certificate: "authority", endsAtMs: 10, isRenewed: false },
    ],
    ...{ objectStoreProblem: "gone", unreadableRecords: 4 },
  });
  const limitless = { usedBytes: 5, maxBytes: undefined, policy: "noeviction", latencySeconds: 0.001 };
  expect(healthFacts({ ...nothing, store: limitless }, ours).redis).toEqual({
    ...{ memory: undefined, policy: "noeviction" },
  });
});
