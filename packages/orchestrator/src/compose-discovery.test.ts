import { Lifecycle, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import { startDiscovery } from "./compose-discovery.ts";
import { loadOrchestratorConfig, type OrchestratorOverrides } from "./config.ts";
import type { Advertised } from "./ports/advertiser.ts";

const secrets = { apiKeys: ["a-key-of-the-office-0123"] };

async function advertisedBy(overrides: OrchestratorOverrides): Promise<Advertised | undefined> {
  let said: Advertised | undefined;
  let isOver = false;
  const lifecycle = new Lifecycle(silentLog);
  await startDiscovery({
    config: loadOrchestratorConfig(overrides, {}),
    ...{ id: "orc-1", version: "1", fleetAddress: "[::]:12345", log: silentLog, lifecycle },
    advertiser: {
      async start(notice) {
        said = notice;
      },
      async close() {
        isOver = true;
      },
    },
  });
  await lifecycle.stop();
  expect(isOver).toBe(said !== undefined);
  return said;
}

describe("an orchestrator", () => {
  it("is advertised where others can reach its fleet port, without a secret", async () => {
    const said = await advertisedBy({ fleetHost: "0.0.0.0", ...secrets });
    expect(said).toMatchObject({ host: undefined, port: 12_345, needsInvitation: true });
    expect(JSON.stringify(said)).not.toContain(secrets.apiKeys[0]);
    expect(await advertisedBy({ fleetHost: "192.168.1.20", ...secrets })).toMatchObject({
      host: "192.168.1.20",
    });
  });

  it("is not on loopback, nor where that is switched off", async () => {
    for (const fleetHost of ["127.0.0.1", "::1", "localhost"])
      expect(await advertisedBy({ fleetHost })).toBeUndefined();
    expect(await advertisedBy({ fleetHost: "0.0.0.0", isDiscoverable: false, ...secrets })).toBeUndefined();
  });
});
