import { fleetMetrics, type MetricDefinition, workerMetrics } from "@muster/orchestrator";
import { datasource, layOut, type RowPlan } from "./panels.ts";

/** What a file of Grafana's says, as far as we and our tests look at it. */
export interface Board {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly object[];
  readonly templating: { readonly list: readonly object[] };
}

/** A variable of several values; all of them at first. */
function choice(name: "model" | "worker", metric: MetricDefinition) {
  const query = `label_values(${metric.name}, ${name})`;
  return {
    ...{ type: "query", name, label: name === "model" ? "Model" : "Worker", datasource, hide: 0 },
    query: { query, refId: "StandardVariableQuery" },
    ...{ definition: query, refresh: 2, sort: 1, regex: "", skipUrlSync: false },
    ...{ multi: true, includeAll: true, allValue: ".*", options: [] },
    current: { text: ["All"], value: ["$__all"], selected: true },
  };
}

const variables = {
  datasource: {
    ...{ type: "datasource", name: "datasource", label: "Prometheus", query: "prometheus", hide: 0 },
    ...{ refresh: 1, regex: "", skipUrlSync: false, multi: false, includeAll: false, options: [] },
    current: { text: "default", value: "default", selected: true },
  },
  model: choice("model", fleetMetrics.replicas),
  worker: choice("worker", workerMetrics.up),
  // Where Muster's pages are kept, for the links to what to do: set it to where you read them.
  docs: {
    ...{ type: "textbox", name: "docs", label: "Address of Muster's docs", hide: 0, skipUrlSync: false },
    ...{ query: "docs", options: [{ text: "docs", value: "docs", selected: true }] },
    current: { text: "docs", value: "docs", selected: true },
  },
};

export interface BoardPlan {
  readonly uid: `muster-${string}`;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly ("model" | "worker")[];
  readonly rows: readonly RowPlan[];
}

/** A dashboard as Grafana provisions or imports it (the classic model, which Grafana 10 to 13 read). */
export function board({ uid, title, description, variables: chosen, rows }: BoardPlan): Board {
  return {
    ...{ uid, title: `Muster / ${title}`, description, tags: ["muster"], schemaVersion: 42, version: 1 },
    ...{ editable: true, graphTooltip: 1, timezone: "browser", weekStart: "", fiscalYearStartMonth: 0 },
    ...{
      refresh: "30s",
      time: { from: "now-3h", to: "now" },
      timepicker: {},
      liveNow: false,
      preload: false,
    },
    annotations: { list: [restarts] },
    links: [
      {
        ...{ type: "dashboards", title: "Muster", tags: ["muster"], asDropdown: true, icon: "external link" },
        ...{ includeVars: true, keepTime: true, targetBlank: false, tooltip: "", url: "" },
      },
      {
        ...{ type: "link", title: "What to do about alerts", tags: [], asDropdown: false, icon: "doc" },
        ...{ includeVars: false, keepTime: false, targetBlank: true, tooltip: "", url: alertsPage },
      },
    ],
    templating: {
      list: [variables.datasource, ...chosen.map((name) => variables[name]), variables.docs],
    },
    panels: layOut(rows),
  } as Board;
}

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is a variable of Grafana.
const alertsPage = "${docs}/alerts.md";

/** A line through every panel where an orchestrator started. */
const restarts = {
  ...{ name: "Orchestrator started", datasource, enable: true, hide: false, iconColor: "blue" },
  expr: "changes(muster_process_start_time_seconds[2m]) > 0",
  ...{ titleFormat: "Orchestrator started", textFormat: "{{instance}}", step: "60s", useValueForTime: false },
};
