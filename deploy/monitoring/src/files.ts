import { alertsPage } from "./alerts-page.ts";
import { ruleTests } from "./cases/index.ts";
import { dashboards } from "./dashboards/index.ts";
import { alertRules, recordingRules } from "./rule-file.ts";
import { composeScrapeFile, scrapeFile } from "./scrape-file.ts";

/** Everything that is generated: its path from the repository's root, and its text. */
export function generatedFiles(): Readonly<Record<string, string>> {
  const boards = dashboards.map((board) => [
    `deploy/grafana/${board.uid}.json`,
    `${JSON.stringify(board, undefined, 2)}\n`,
  ]);
  return {
    "deploy/prometheus/prometheus.yml": scrapeFile(),
    "deploy/prometheus/compose.yml": composeScrapeFile(),
    "deploy/prometheus/muster-rules.yml": recordingRules(),
    "deploy/prometheus/muster-alerts.yml": alertRules(),
    "deploy/prometheus/tests/minutes.test.yml": ruleTests(1),
    "deploy/prometheus/tests/hours.test.yml": ruleTests(5),
    "deploy/prometheus/tests/days.test.yml": ruleTests(15),
    "docs/alerts.md": alertsPage(),
    ...Object.fromEntries(boards),
  };
}
