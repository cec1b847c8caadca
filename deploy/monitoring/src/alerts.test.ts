import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { anchorOf } from "./alerts/alert.ts";
import { alerts } from "./alerts/index.ts";
import { cases } from "./cases/index.ts";
import { runbookOf } from "./rule-file.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

describe("the alerts", () => {
  it("have names of their own", () => {
    expect(new Set(alerts.map(({ name }) => name)).size).toBe(alerts.length);
  });

  it.each(alerts.map((alert) => [alert.name, alert] as const))(
    "%s has cases in which it fires and is silent",
    (name) => {
      const looks = cases.filter(({ alert }) => alert === name).map((one) => one.looks);
      const fires = looks.some((all) => all.some(([, ...firing]) => firing.length > 0));
      const staysSilent = looks.some((all) => all.every(([, ...firing]) => firing.length === 0));
      expect({ fires, staysSilent }).toEqual({ fires: true, staysSilent: true });
    },
  );

  it.each(alerts.map((alert) => [alert.name, alert] as const))("%s says what to do", (_name, alert) => {
    expect(alert.for).toMatch(/^\d+[mh]$/);
    // The first sentence is what it means, the next what to do.
    expect(alert.description.split(/[.?!:;] /).length).toBeGreaterThan(1);
    expect(alert.steps.length).toBeGreaterThan(0);
    expect(alert.summary).toMatch(/[.]$/);
    const page = readFileSync(join(root, "docs/alerts.md"), "utf8");
    const anchors = [...page.matchAll(/^### (.+)$/gm)].map(([, heading = ""]) => heading.toLowerCase());
    expect(anchors).toContain(runbookOf(alert).replace("docs/alerts.md#", ""));
  });

  it("lead from step to step without a dead end", () => {
    const known = new Set(alerts.map(anchorOf));
    for (const { steps } of alerts)
      for (const [, anchor = "", page = ""] of steps.join(" ").matchAll(/\]\((?:#(\w+)|([\w-]+\.md))/g)) {
        if (anchor !== "") expect(known).toContain(anchor);
        else expect([page, existsSync(join(root, "docs", page))]).toEqual([page, true]);
      }
  });
});
