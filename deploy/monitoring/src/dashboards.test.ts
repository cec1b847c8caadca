import { metricDefinitions } from "@muster/orchestrator";
import { describe, expect, it } from "vitest";
import { dashboards } from "./dashboards/index.ts";
import { generatedFiles } from "./files.ts";
import { recordingGroups } from "./recordings.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: unknown;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly links?: readonly { readonly url: string; readonly title: string }[];
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: unknown;
  }[];
}

/** As Grafana gets them: what JSON leaves out is not there. */
const boards = dashboards.map((board) => ({
  ...(JSON.parse(JSON.stringify(board)) as {
    uid: string;
    title: string;
    schemaVersion: number;
    templating: { list: { name: string; type: string }[] };
  }),
  panels: board.panels as readonly Panel[],
}));
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is a variable of Grafana.
const datasource = { type: "prometheus", uid: "${datasource}" };

/** Only with settings that are off by default. */
const shownNowhere = ["muster_tenant_requests_total", "muster_tenant_tokens_total"];

const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel) =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

describe("the dashboards", () => {
  it("have addresses and titles of their own", () => {
    expect(new Set(boards.map(({ uid }) => uid)).size).toBe(boards.length);
    expect(new Set(boards.map(({ title }) => title)).size).toBe(boards.length);
    for (const { uid } of boards) expect(uid).toMatch(/^[a-z-]{5,40}$/);
  });

  it("show every metric, here or in a rule", () => {
    const text = Object.values(generatedFiles()).join("\n");
    const missing = metricDefinitions
      .map(({ name }) => name)
      .filter((name) => !new RegExp(`\\b${name}(_bucket|_count|_sum)?\\b`).test(text));
    expect(missing).toEqual(shownNowhere);
  });

  it("use only series that are recorded, where they use recorded ones", () => {
    const recorded = recordingGroups.flatMap(({ rules }) => rules.map(({ name }) => name));
    const text = JSON.stringify(dashboards) + Object.values(generatedFiles()).join("\n");
    const used = [...text.matchAll(/\b(?:model|worker|muster):[a-z]\w*:\w+/g)].map(([name]) => name);
    expect(used.length).toBeGreaterThan(recorded.length);
    expect(used.filter((name) => !recorded.includes(name))).toEqual([]);
  });
});

describe.each(boards.map((board) => [board.title, board] as const))("%s", (_title, board) => {
  const { panels, templating } = board;
  const withQueries = panels.filter(({ type }) => type !== "row");

  it("numbers its panels, which do not overlap and fit the page", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const { gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      expect(Math.min(gridPos.x, gridPos.y, gridPos.w - 1, gridPos.h - 1)).toBeGreaterThanOrEqual(0);
    }
    for (const [at, panel] of panels.entries())
      expect(panels.slice(at + 1).filter((other) => overlap(panel, other))).toEqual([]);
  });

  it("says of each panel what it shows, in which unit, and asks the chosen Prometheus", () => {
    expect(withQueries.length).toBeGreaterThan(10);
    for (const panel of withQueries) {
      const { targets = [] } = panel;
      expect(panel.description?.length).toBeGreaterThan(15);
      expect(panel.fieldConfig?.defaults.unit).not.toBe("");
      expect(panel.datasource).toEqual(datasource);
      expect(targets.length).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      for (const target of targets) {
        expect(target.expr).not.toBe("");
        expect(target.legendFormat).not.toBe("");
        expect(target.datasource).toEqual(datasource);
      }
    }
  });

  it("has every variable that its queries and links name, and uses each", () => {
    const names = templating.list.map(({ name }) => name);
    const text = JSON.stringify({ ...board, templating: [] });
    const used = [...text.matchAll(/\$\{?([a-z]\w*)\}?/g)].map(([, name = ""]) => name);
    expect([...new Set(used)].sort()).toEqual([...names].sort());
  });

  it("is of the newest classic schema", () => {
    expect(board.schemaVersion).toBe(42);
  });
});
