import { stringify } from "yaml";
import { type Alert, anchorOf } from "./alerts/alert.ts";
import { alertGroups } from "./alerts/index.ts";
import { generated } from "./generated.ts";
import { recordingGroups } from "./recordings.ts";

/** Prometheus computes both kinds of rules this often. */
export const evaluationInterval = "30s";

const yaml = (value: unknown) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

/** muster-rules.yml. Each rule has a comment that says what it is. */
export function recordingRules(): string {
  const groups = recordingGroups.map(({ name, rules }) => {
    const lines = rules.map(
      ({ name: record, says, expr }) =>
        `      # ${says}\n      - record: ${record}\n        expr: ${JSON.stringify(expr)}\n`,
    );
    return `  - name: ${name}\n    interval: ${evaluationInterval}\n    rules:\n${lines.join("")}`;
  });
  return `# ${generated}\ngroups:\n${groups.join("")}`;
}

/** muster-alerts.yml. */
export function alertRules(): string {
  const groups = alertGroups.map(({ name, alerts }) => ({
    name,
    interval: evaluationInterval,
    rules: alerts.map(ruleOf),
  }));
  return `# ${generated}\n# What to do about each: docs/alerts.md.\n${yaml({ groups })}`;
}

function ruleOf(alert: Alert) {
  const { name, severity, expr, summary, description } = alert;
  return {
    ...{ alert: name, expr, for: alert.for, labels: { severity } },
    annotations: { summary, description, runbook: runbookOf(alert) },
  };
}

/** A path, since nobody but you knows where you keep these pages. */
export const runbookOf = (alert: Alert) => `docs/alerts.md#${anchorOf(alert)}`;
