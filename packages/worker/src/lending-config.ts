import {
  type Env,
  type LendingPolicy,
  lendingPolicies,
  MusterError,
  readChoice,
  readInteger,
  readList,
  readText,
} from "@muster/base";
import type { LendingRule } from "./core/idle-policy.ts";
import { parseSchedule } from "./core/schedule.ts";

/** When a machine is lent, and what the fleet may know of it and do with it. */
export interface LendingConfig {
  readonly lending: LendingRule;
  /** Readings of the owner for tests and demonstrations; undefined: the machine itself is looked at. */
  readonly presenceFile: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether the orchestrator may decide what is loaded here, beside the models that were named. */
  readonly takesPlacement: boolean;
  /** How far the engines stand back for other programs, 0 to 19. */
  readonly nice: number;
}

/** As people write it. */
export interface LendingOverrides {
  readonly lend?: LendingPolicy;
  readonly schedule?: string;
  readonly idleMinutes?: number;
  readonly presenceFile?: string;
  /** `key=value` each. */
  readonly labels?: readonly string[];
  readonly takesPlacement?: boolean;
  readonly nice?: number;
}

const defaultIdleMinutes = 10;
const defaultNice = 10;
const maxLabels = 64;
const labelPattern = /^([A-Za-z0-9._/-]{1,64})=([A-Za-z0-9._/: -]{0,128})$/;

/** Throws MusterError `invalid_request` naming the setting, what is wrong and what to do. */
export function loadLendingConfig(overrides: LendingOverrides, env: Env, hasModels: boolean): LendingConfig {
  const placement = readChoice(env, "MUSTER_PLACEMENT", ["on", "off"]);
  return {
    lending: lendingRule(overrides, env),
    presenceFile: overrides.presenceFile ?? readText(env, "MUSTER_PRESENCE_FILE"),
    labels: labelsFrom(overrides.labels ?? readList(env, "MUSTER_LABELS")),
    takesPlacement: overrides.takesPlacement ?? (placement === undefined ? !hasModels : placement === "on"),
    nice: overrides.nice ?? readInteger(env, "MUSTER_NICE", { min: 0, max: 19 }) ?? defaultNice,
  };
}

/** A setting without effect would be taken for one that has it. */
function lendingRule(overrides: LendingOverrides, env: Env): LendingRule {
  const schedule = overrides.schedule ?? readText(env, "MUSTER_SCHEDULE");
  const idleMinutes =
    overrides.idleMinutes ?? readInteger(env, "MUSTER_IDLE_MINUTES", { min: 1, max: 1_440 });
  const implied = schedule !== undefined ? "schedule" : idleMinutes !== undefined ? "owner-away" : "always";
  const policy = overrides.lend ?? readChoice(env, "MUSTER_LEND", lendingPolicies) ?? implied;
  if (schedule !== undefined && policy !== "schedule") throw without("--schedule", "--lend schedule");
  if (idleMinutes !== undefined && policy !== "owner-away")
    throw without("--idle-minutes", "--lend owner-away");
  switch (policy) {
    case "always":
      return { policy };
    case "schedule":
      if (schedule === undefined) {
        const message = `--lend schedule needs hours: --schedule "mon-fri 19:00-07:00", or MUSTER_SCHEDULE.`;
        throw new MusterError("invalid_request", message, { param: "--schedule" });
      }
      return { policy, schedule: parseSchedule(schedule, "--schedule") };
    case "owner-away":
      return { policy, awayAfterMs: (idleMinutes ?? defaultIdleMinutes) * 60_000 };
    default:
      return policy satisfies never;
  }
}

function without(setting: string, needed: string): MusterError {
  return new MusterError("invalid_request", `${setting}: only with ${needed}.`, { param: setting });
}

function labelsFrom(written: readonly string[]): Readonly<Record<string, string>> {
  const labels = written.map((text) => {
    const found = labelPattern.exec(text.trim());
    if (found !== null) return [found[1] ?? "", found[2] ?? ""] as const;
    const message = `"${text}" is no label: write key=value, such as room=lab; letters, digits, dots, dashes, slashes.`;
    throw new MusterError("invalid_request", message, { param: "--label" });
  });
  if (labels.length > maxLabels)
    throw new MusterError("invalid_request", `A worker has at most ${maxLabels} labels.`, {
      param: "--label",
    });
  return Object.fromEntries(labels);
}
