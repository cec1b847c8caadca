import { describe, expect, it } from "vitest";
import { readTraceConfig } from "./trace-config.ts";

const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318/" };

describe("the configuration of traces", () => {
  it("is off unless a collector is named, and where OpenTelemetry is switched off", () => {
    expect(readTraceConfig({})).toBeUndefined();
    expect(readTraceConfig({ ...endpoint, OTEL_SDK_DISABLED: "true" })).toBeUndefined();
    expect(readTraceConfig({ ...endpoint, OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
  });

  it("adds the path to a general address, and takes that of traces as it is", () => {
    expect(readTraceConfig(endpoint)?.url).toBe("http://collector:4318/v1/traces");
    const own = { ...endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces/in" };
    expect(readTraceConfig(own)?.url).toBe("https://traces/in");
  });

  it("reads headers, the service's name and what else is said of it", () => {
    const config = readTraceConfig({
      ...endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20abc, x-tenant=a=b,nonsense",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=other,deployment.environment=office",
      OTEL_SERVICE_NAME: "front",
    });
    expect(config?.headers).toEqual({ authorization: "Bearer abc", "x-tenant": "a=b" });
    expect(config?.serviceName).toBe("front");
    expect(config?.resource["deployment.environment"]).toBe("office");
  });

  it.each([
    [undefined, undefined, { ratio: 1, followsParent: true }],
    ["always_off", undefined, { ratio: 0, followsParent: false }],
    ["traceidratio", "0.01", { ratio: 0.01, followsParent: false }],
    ["parentbased_traceidratio", ".5", { ratio: 0.5, followsParent: true }],
  ])("knows the sampler %s with %s", (sampler, argument, expected) => {
    const env = { ...endpoint, OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument };
    expect(readTraceConfig(env)?.sampler).toEqual(expected);
  });

  it.each([
    { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" },
    { ...endpoint, OTEL_TRACES_SAMPLER: "sometimes" },
    { ...endpoint, OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" },
    { ...endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
  ])("says what makes no sense: %j", (env) => {
    expect(() => readTraceConfig(env)).toThrow(/^OTEL_/);
  });
});
