import { ManualClock } from "@muster/base";
import { quotaContract } from "../../ports/quota.contract.ts";
import { createMemoryQuota } from "./quota.ts";

quotaContract("memory", async () => {
  const clock = new ManualClock();
  const quota = createMemoryQuota({ clock });
  return { quotas: [quota, quota], advance: (ms) => clock.advance(ms) };
});
