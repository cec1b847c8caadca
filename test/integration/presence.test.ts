import { expect, it } from "vitest";
import { startCluster } from "../harness/cluster.ts";

it("a worker is shown with how likely it is lent in the coming day: at first as it is now", async () => {
  const cluster = await startCluster({ timeZone: "Asia/Kolkata" });
  const { workerId } = await cluster.worker("desk");
  const nowSeconds = Date.now() / 1000;
  const body = (await (await fetch(`${cluster.url}/cluster/v1/workers/${workerId}`)).json()) as {
    presence: { hours_seen: number; next_hours: { at: number; likelihood: number }[] };
  };
  expect(body.presence.hours_seen).toBe(0);
  const { next_hours: hours } = body.presence;
  expect(hours.length).toBeGreaterThanOrEqual(24);
  expect(hours.every(({ likelihood }) => likelihood === 1)).toBe(true);
  expect(hours[0]?.at).toBeGreaterThanOrEqual(Math.floor(nowSeconds));
  // Hours there begin at half past ours.
  expect(hours.slice(1).every(({ at }) => at % 3_600 === 1_800)).toBe(true);
});
