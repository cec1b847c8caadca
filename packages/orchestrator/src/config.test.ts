import { isAbsolute, join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadOrchestratorConfig } from "./config.ts";

describe("the configuration", () => {
  it("makes the data directory absolute, since Redis looks from there", () => {
    const { dataDirectory, objectStore } = loadOrchestratorConfig({ dataDirectory: "data" }, {});
    expect(isAbsolute(dataDirectory)).toBe(true);
    expect(objectStore).toBe(join(dataDirectory, "objects"));
  });

  it("reads the weights of tenants, and says which is none", () => {
    const weights = (text: string) =>
      loadOrchestratorConfig({}, { MUSTER_TENANT_WEIGHTS: text }).tenantWeights;
    expect(weights("design=3,lab=0.5")).toEqual(
      new Map([
        ["design", 3],
        ["lab", 0.5],
      ]),
    );
    for (const text of ["design", "design=", "design=x", "=3", "design=0", "design=1e9"])
      expect(() => weights(text)).toThrow(/MUSTER_TENANT_WEIGHTS has/);
  });

  it("keeps OpenAI's limits unless it is told otherwise, and the largest that are tested at most", () => {
    const { maxBatchLines, maxBatchFileBytes } = loadOrchestratorConfig({}, {});
    expect([maxBatchLines, maxBatchFileBytes]).toEqual([50_000, 200 * 1024 * 1024]);
    expect(loadOrchestratorConfig({}, { MUSTER_BATCH_MAX_LINES: "1000000" }).maxBatchLines).toBe(1_000_000);
    expect(() => loadOrchestratorConfig({}, { MUSTER_BATCH_MAX_LINES: "1000001" })).toThrow(
      /MUSTER_BATCH_MAX_LINES/,
    );
  });

  it("shows no tenants in metrics and no names of others, unless it is told to", () => {
    const read = (env: Record<string, string>) => {
      const { hasTenantMetrics, metricsAliases, metricsListener } = loadOrchestratorConfig({}, env);
      return [hasTenantMetrics, metricsAliases, metricsListener];
    };
    expect(read({})).toEqual([false, [], undefined]);
    const all = {
      ...{ MUSTER_METRICS_TENANTS: "on", MUSTER_METRICS_ALIASES: "otel,vllm", MUSTER_METRICS_PORT: "11503" },
    };
    expect(read(all)).toEqual([true, ["otel", "vllm"], { host: "127.0.0.1", port: 11_503 }]);
  });

  it("reads the price of electricity, and says what is none", () => {
    const price = (text: string) => loadOrchestratorConfig({}, { MUSTER_PRICE_PER_KWH: text }).pricePerKwh;
    expect([price("0.32"), price("30"), price("")]).toEqual([0.32, 30, undefined]);
    for (const text of ["-1", "0,32", "much", "1e9"])
      expect(() => price(text)).toThrow(/MUSTER_PRICE_PER_KWH is/);
  });

  it("takes keys with the names of their tenants, and looks at the secret alone for its strength", () => {
    expect(() => loadOrchestratorConfig({}, { MUSTER_API_KEYS: "design:short" })).toThrow(/MUSTER_API_KEYS/);
    const key = "design:0123456789abcdef0123";
    expect(loadOrchestratorConfig({}, { MUSTER_API_KEYS: key }).apiKeys).toEqual([key]);
  });

  it("takes a time zone that there is, and asks golden prompts of model files unless it is told otherwise", () => {
    expect(loadOrchestratorConfig({}, { MUSTER_TIME_ZONE: "Asia/Kolkata" }).timeZone).toBe("Asia/Kolkata");
    expect(() => loadOrchestratorConfig({}, { MUSTER_TIME_ZONE: "Mars/Base" })).toThrow(
      /MUSTER_TIME_ZONE is/,
    );
    expect(loadOrchestratorConfig({}, {}).canary).toBe("on");
    expect(loadOrchestratorConfig({}, { MUSTER_CANARY: "all" }).canary).toBe("all");
    expect(() => loadOrchestratorConfig({}, { MUSTER_CANARY: "some" })).toThrow(/MUSTER_CANARY/);
  });

  it("can be found by workers unless it is told otherwise", () => {
    expect(loadOrchestratorConfig({}, {}).isDiscoverable).toBe(true);
    expect(loadOrchestratorConfig({}, { MUSTER_DISCOVERY: "off" }).isDiscoverable).toBe(false);
  });

  it("keeps model files for its workers beside its other data, unless it is told otherwise", () => {
    const dataDirectory = "/srv/muster";
    expect(loadOrchestratorConfig({ dataDirectory }, {})).toMatchObject({
      isMirrorOn: true,
      mirrorDirectory: "/srv/muster/models",
      mirrorDiskBytes: undefined,
    });
    const env = { MUSTER_MIRROR: "off", MUSTER_MIRROR_DIR: "/big", MUSTER_MIRROR_DISK_BYTES: "1.5TB" };
    expect(loadOrchestratorConfig({ dataDirectory }, env)).toMatchObject({
      isMirrorOn: false,
      mirrorDirectory: "/big",
      mirrorDiskBytes: 1_500_000_000_000,
    });
    expect(() => loadOrchestratorConfig({}, { MUSTER_MIRROR: "maybe" })).toThrow(/MUSTER_MIRROR/);
  });
});
