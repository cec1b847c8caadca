import { type Alert, anchorOf } from "./alerts/alert.ts";
import { alertGroups } from "./alerts/index.ts";
import { generated } from "./generated.ts";

const opening = `# Alerts: what each means, and what to do

<!-- ${generated} -->

Prometheus raises them by the rules in \`deploy/prometheus/muster-alerts.yml\`; [monitoring](monitoring.md) says how to
set it up, [decision 28](decisions/0028-alerts-and-dashboards.md) why the bounds are what they are.

- **critical**: people are not served, or will not be within hours. Look now.
- **warning**: look today.
- **info**: good to know; nobody need be woken.
`;

/** docs/alerts.md: a table of all, and a part for each. */
export function alertsPage(): string {
  const table = alertGroups
    .flatMap(({ alerts }) => alerts)
    .map(
      (alert) => `| [${alert.name}](#${anchorOf(alert)}) | ${alert.severity} | ${inWords(alert.summary)} |\n`,
    );
  const parts = alertGroups.map(({ title, alerts }) => `\n## ${title}\n${alerts.map(partOf).join("")}`);
  return `${opening}\n| alert | severity | says |\n| --- | --- | --- |\n${table.join("")}${parts.join("")}`;
}

function partOf({ name, severity, summary, description, steps, expr, ...alert }: Alert): string {
  const list = steps.map((step, index) => `${index + 1}. ${step}\n`).join("");
  return `\n### ${name}\n\n*${severity}, after ${alert.for}.* ${inWords(summary)} ${description}\n\n${list}\n\`\`\`promql\n${expr}\n\`\`\`\n`;
}

/** What Prometheus will fill in, as a reader sees it. */
function inWords(summary: string): string {
  return summary.replace(/\{\{ \$labels\.(\w+) \}\}/g, "*$1*").replace(/\{\{ \$value[^}]*\}\}/g, "*n*");
}
