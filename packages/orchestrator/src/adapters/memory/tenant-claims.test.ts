import { ManualClock } from "@muster/base";
import { tenantClaimsContract } from "../../ports/tenant-claims.contract.ts";
import { createMemoryTenantClaims } from "./tenant-claims.ts";

tenantClaimsContract("memory", async () => {
  const clock = new ManualClock();
  const claims = createMemoryTenantClaims({ clock });
  return { claims: [claims, claims], advance: (ms) => clock.advance(ms) };
});
