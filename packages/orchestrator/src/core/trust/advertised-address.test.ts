import { expect, it } from "vitest";
import { advertisedAddress } from "./advertised-address.ts";

it("an invitation names an address that another machine can dial", () => {
  const of = (bound: string, configured?: string, networkHost: string | undefined = "192.168.1.20") =>
    advertisedAddress({ configured, bound, networkHost });
  expect(of("192.168.1.7:11501")).toBe("192.168.1.7:11501");
  expect(of("0.0.0.0:11501")).toBe("192.168.1.20:11501");
  expect(of("[::]:11501")).toBe("192.168.1.20:11501");
  expect(of("[fd00::7]:11501")).toBe("[fd00::7]:11501");
  expect(of("0.0.0.0:11501", "gpu.office.lan")).toBe("gpu.office.lan:11501");
  expect(of("0.0.0.0:11501", "gpu.office.lan:443")).toBe("gpu.office.lan:443");
  expect(of("0.0.0.0:11501", "fd00::9")).toBe("[fd00::9]:11501");
  expect(of("0.0.0.0:11501", "[fd00::9]:5")).toBe("[fd00::9]:5");
  expect(advertisedAddress({ configured: undefined, bound: "0.0.0.0:1", networkHost: undefined })).toBe(
    "127.0.0.1:1",
  );
});
