import { type Env, MusterError, readChoice, readList } from "@muster/base";
import { type AliasKind, aliasKinds } from "./core/metrics/aliases.ts";

export interface MetricsConfig {
  /** Whether there are series by tenant. */
  readonly hasTenantMetrics: boolean;
  /** By which other names what is known is shown as well. */
  readonly metricsAliases: readonly AliasKind[];
}

export function readMetricsConfig(overrides: Partial<MetricsConfig>, env: Env): MetricsConfig {
  return {
    hasTenantMetrics:
      overrides.hasTenantMetrics ?? readChoice(env, "MUSTER_METRICS_TENANTS", ["on", "off"]) === "on",
    metricsAliases: overrides.metricsAliases ?? readAliases(readList(env, "MUSTER_METRICS_ALIASES")),
  };
}

function readAliases(names: readonly string[]): readonly AliasKind[] {
  return names.map((name) => {
    const kind = aliasKinds.find((one) => one === name);
    if (kind !== undefined) return kind;
    throw new MusterError(
      "invalid_request",
      `MUSTER_METRICS_ALIASES has "${name}": write ${aliasKinds.join(", ")}, or several of them with commas between.`,
      { param: "MUSTER_METRICS_ALIASES" },
    );
  });
}
