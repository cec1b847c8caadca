import { type Env, MusterError, readText } from "@muster/base";

/** Which traces are recorded that nobody has decided about, and whether a client's decision counts. */
export interface SamplerChoice {
  /** 0 to 1. */
  readonly ratio: number;
  /** A trace that a client has begun is recorded where the client records it. */
  readonly followsParent: boolean;
}

/** Where spans go. */
export interface TraceConfig {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: SamplerChoice;
}

const defaultServiceName = "muster-orchestrator";

/** From the variables of OpenTelemetry; undefined: traces are off. Throws `invalid_request` for what makes no sense. */
export function readTraceConfig(env: Env): TraceConfig | undefined {
  const general = readText(env, "OTEL_EXPORTER_OTLP_ENDPOINT");
  const own = readText(env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const isOff =
    readText(env, "OTEL_SDK_DISABLED")?.toLowerCase() === "true" ||
    readText(env, "OTEL_TRACES_EXPORTER")?.toLowerCase() === "none";
  if (isOff || (general === undefined && own === undefined)) return undefined;
  requireHttp(env);
  const resource = readPairs(env, "OTEL_RESOURCE_ATTRIBUTES");
  return {
    url:
      own === undefined
        ? `${checkedUrl("OTEL_EXPORTER_OTLP_ENDPOINT", general ?? "").replace(/\/+$/, "")}/v1/traces`
        : checkedUrl("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", own),
    headers: {
      ...readPairs(env, "OTEL_EXPORTER_OTLP_HEADERS"),
      ...readPairs(env, "OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
    },
    serviceName: readText(env, "OTEL_SERVICE_NAME") ?? resource["service.name"] ?? defaultServiceName,
    resource,
    sampler: readSampler(env),
  };
}

function readSampler(env: Env): SamplerChoice {
  const name = readText(env, "OTEL_TRACES_SAMPLER") ?? "parentbased_always_on";
  const followsParent = name.startsWith("parentbased_");
  switch (name.replace(/^parentbased_/, "")) {
    case "always_on":
      return { ratio: 1, followsParent };
    case "always_off":
      return { ratio: 0, followsParent };
    case "traceidratio":
      return { ratio: readRatio(env), followsParent };
    default:
      throw wrong(
        "OTEL_TRACES_SAMPLER",
        name,
        "write always_on, always_off or traceidratio, or one of them with parentbased_ before it",
      );
  }
}

function readRatio(env: Env): number {
  const text = readText(env, "OTEL_TRACES_SAMPLER_ARG") ?? "1";
  const ratio = Number(text);
  if (/^\d*\.?\d+$/.test(text) && ratio <= 1) return ratio;
  throw wrong("OTEL_TRACES_SAMPLER_ARG", text, "write the share of traces to record, from 0 to 1");
}

/** Spans go out as JSON over HTTP: what waits for gRPC at the other end would never see one. */
function requireHttp(env: Env): void {
  const protocol =
    readText(env, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? readText(env, "OTEL_EXPORTER_OTLP_PROTOCOL");
  if (protocol === "grpc")
    throw wrong(
      "OTEL_EXPORTER_OTLP_PROTOCOL",
      protocol,
      "Muster sends traces over HTTP: name the collector's HTTP port, usually 4318, and http/json here",
    );
}

function checkedUrl(name: string, text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw wrong(name, text, "write the address of a collector, such as http://localhost:4318");
}

/** `key=value,key=value`, percent-encoded. What is no pair is left out, as the specification has it. */
function readPairs(env: Env, name: string): Record<string, string> {
  const entries = (readText(env, name) ?? "").split(",").flatMap((entry) => {
    const at = entry.indexOf("=");
    const key = entry.slice(0, at).trim();
    return at < 1 || key === "" ? [] : [[key, decoded(entry.slice(at + 1).trim())] as const];
  });
  return Object.fromEntries(entries);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function wrong(name: string, text: string, what: string): MusterError {
  return new MusterError("invalid_request", `${name} is "${text.slice(0, 200)}": ${what}.`, { param: name });
}
