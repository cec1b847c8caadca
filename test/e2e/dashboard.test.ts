import { describe, expect, it } from "vitest";
import { startCluster, untilSuiteEnds } from "../harness/cluster.ts";
import { browserNote, noBrowser, startBrowser } from "../support/browser.ts";

const operator = "an-operator-key-0123456789";

describe.skipIf(noBrowser !== undefined)(`the dashboard's door${browserNote}`, () => {
  const atEnd = untilSuiteEnds();
  const browser = startBrowser(atEnd);
  const withKey = () => startCluster({ apiKeys: [`office:${operator}`] });

  it("lets in who has a key, stays open for a while, and is closed on the server by signing out", async () => {
    const { url } = await withKey();
    const { page } = await browser.open(url);
    await page.getByLabel("Key").fill(operator);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("navigation").first().waitFor();
    await page.reload();
    await page.getByRole("navigation").first().waitFor();
  });

  it.each(["light", "dark"] as const)(
    "says in %s what is wrong with a key, and can be read by all",
    async (theme) => {
      const { url } = await withKey();
      const { page, violations, screenshot, expectError } = await browser.open(url, { theme });
      await page.getByLabel("Key").waitFor();
      expect(await violations()).toEqual([]);
      await screenshot(`sign-in-${theme}`);
      await page.getByLabel("Key").fill("a-key-that-nobody-has");
      expectError("status of 401");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("not valid here").waitFor();
      expect(await violations()).toEqual([]);
    },
  );
});
