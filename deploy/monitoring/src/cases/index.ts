import { stringify } from "yaml";
import { alertGroups } from "../alerts/index.ts";
import { generated } from "../generated.ts";
import { recordingGroups } from "../recordings.ts";
import { type Case, expected } from "./case.ts";
import { fleetCases } from "./fleet.ts";
import { healthCases } from "./health.ts";
import { servingCases } from "./serving.ts";

export const cases: readonly Case[] = [...servingCases, ...fleetCases, ...healthCases];

/** For `promtool test rules`: all cases of one step. */
export function ruleTests(stepMinutes: 1 | 5 | 15): string {
  const interval = `${stepMinutes}m`;
  const file = {
    rule_files: ["../muster-rules.yml", "../muster-alerts.yml"],
    evaluation_interval: interval,
    group_eval_order: [...recordingGroups, ...alertGroups].map(({ name }) => name),
    tests: cases
      .filter((one) => (one.stepMinutes ?? 1) === stepMinutes)
      .map(({ alert, says, series, looks }) => ({
        ...{ name: `${alert}: ${says}`, interval },
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: looks.map(([at, ...firing]) => ({
          ...{ eval_time: at, alertname: alert },
          exp_alerts: firing.map((one) => expected(alert, one)),
        })),
      })),
  };
  return `# ${generated}\n${stringify(file, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
