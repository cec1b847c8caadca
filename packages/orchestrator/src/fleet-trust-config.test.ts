import { describe, expect, it } from "vitest";
import { readFleetTrustConfig } from "./fleet-trust-config.ts";

const load = (env: Record<string, string>) => readFleetTrustConfig({}, env);

describe("the configuration of trust", () => {
  it("refuses the join token of earlier versions, and says what replaces it", () => {
    expect(() => load({ MUSTER_JOIN_TOKEN: "x".repeat(32) })).toThrow(/muster workers invite/);
  });

  it("takes an authority with its key, or neither", () => {
    expect(() => load({ MUSTER_CA_CERT: "/a" })).toThrow(/belong together/);
    expect(() => load({ MUSTER_CA_KEY: "/a" })).toThrow(/belong together/);
    expect(load({ MUSTER_CA_CERT: "/a", MUSTER_CA_KEY: "/b" }).caKeyFile).toBe("/b");
  });

  it("takes an address that can be dialled", () => {
    for (const right of ["gpu.office.lan", "gpu:443", "10.0.0.1:5", "fd00::1", "[fd00::1]:5"])
      expect(load({ MUSTER_FLEET_ADVERTISE: right }).fleetAdvertise).toBe(right);
    for (const wrong of ["a b", "https://x", "a:b:c d", "x/y"])
      expect(() => load({ MUSTER_FLEET_ADVERTISE: wrong })).toThrow(/MUSTER_FLEET_ADVERTISE/);
  });
});
