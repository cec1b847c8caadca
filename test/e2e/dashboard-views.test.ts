import { beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster, untilSuiteEnds } from "../harness/cluster.ts";
import { operatorKey, signedIn } from "../harness/dashboard-drive.ts";
import { browserNote, noBrowser, startBrowser } from "../support/browser.ts";

const views = ["now", "workers", "models", "batches", "playground", "usage", "keys"];
const looks = [
  ["light", "desktop"],
  ["dark", "desktop"],
  ["light", "phone"],
  ["dark", "phone"],
] as const;

describe.skipIf(noBrowser !== undefined)(`the dashboard's views${browserNote}`, () => {
  const atEnd = untilSuiteEnds();
  const browser = startBrowser(atEnd);
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ apiKeys: [`office:${operatorKey}`] }, atEnd);
    await cluster.workerProcess("design-desk", {
      modelPath: "builtin:tiny-gemma",
      args: ["--slots", "4", "--threads", "1", "--context", "2048"],
    });
  });

  it.each(looks)("can be used by everybody in %s, on a %s", async (theme, width) => {
    const { page, goTo, violations, screenshot } = await signedIn(browser, cluster.url, { theme, width });
    const found: string[] = [];
    for (const view of views) {
      await goTo(view);
      for (const line of await violations()) found.push(`${view}: ${line}`);
      const isWider = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
      if (await page.evaluate(isWider)) found.push(`${view}: is wider than the screen`);
      await screenshot(`${view}-${theme}${width === "phone" ? "-phone" : ""}`);
    }
    expect(found).toEqual([]);
  });

  it("ask a model and show its answer as it comes", async () => {
    const { page, goTo } = await signedIn(browser, cluster.url);
    await goTo("playground");
    await page.getByLabel("Temperature").fill("0");
    await page.getByLabel("Your message").fill("Hello!");
    await page.keyboard.press("Enter");
    await page.getByText("Hello! How can I help you?").waitFor();
    await page.getByRole("button", { name: "Send" }).waitFor();
  });

  it("show a model that a worker serves though the catalogue does not know it", async () => {
    const { page, goTo } = await signedIn(browser, cluster.url);
    await goTo("models");
    const outside = page.getByRole("region", { name: "Served, not in the catalogue" });
    await outside.getByText("0 of 4 slots used").first().waitFor();
    await outside.getByRole("link", { name: "design-desk" }).waitFor();
    await page.getByText("Workers serve 1 more model that is not in the catalogue.").waitFor();
  });

  // The last: what is drained stays so.
  it("drain a worker once somebody has said yes", async () => {
    const { page, goTo } = await signedIn(browser, cluster.url);
    await goTo("workers");
    await page.getByRole("button", { name: "More about design-desk" }).click();
    await page.getByRole("menuitem", { name: "Drain…" }).click();
    const question = page.getByRole("dialog");
    await question.getByText("Drain design-desk?").waitFor();
    await question.getByRole("button", { name: "Drain" }).click();
    const state = page.getByText(/^(Draining|Lost)$/).filter({ visible: true });
    await state.first().waitFor();
    await expect
      .poll(async () => (await cluster.workers()).find(({ name }) => name === "design-desk")?.state)
      .not.toBe("ready");
  });
});
