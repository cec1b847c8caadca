import { beforeAll, describe, expect, it } from "vitest";
import { batchInput } from "../harness/batch-lines.ts";
import { startCluster, type TestCluster, untilSuiteEnds } from "../harness/cluster.ts";
import { operatorKey, signedIn } from "../harness/dashboard-drive.ts";
import { linesDone, someLinesDone, startBatch } from "../harness/drive-batch.ts";
import { browserNote, noBrowser, startBrowser } from "../support/browser.ts";

/** Slow enough that a page shows a batch on its way, fast enough that it ends. */
const count = 120;
const pace = { slots: 2, stubTokensPerSecond: 100 };

describe.skipIf(noBrowser !== undefined)(`what people do in the dashboard${browserNote}`, () => {
  const atEnd = untilSuiteEnds();
  const browser = startBrowser(atEnd);
  const { text } = batchInput({ count });
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ apiKeys: [`office:${operatorKey}`] }, atEnd);
    await cluster.worker("design-desk", pace);
  });

  it("take a batch from its file to its answers, and see on the way how far it is", async () => {
    const drive = await signedIn(browser, cluster.url);
    const { page, goTo } = drive;
    await startBatch(drive, { name: "letters", text });
    const some = await someLinesDone(page, count);
    expect([some > 0, some < count]).toEqual([true, true]);
    await page.getByText("Every line has its answer.").waitFor({ timeout: 60_000 });
    expect(await linesDone(page, count).textContent()).toBe(`${count} of ${count} lines`);
    await goTo("batches");
    await page.getByRole("link", { name: "letters" }).waitFor();
  });

  it("cancel a batch once they have said yes, and keep what was done", async () => {
    const drive = await signedIn(browser, cluster.url);
    const { page } = drive;
    await startBatch(drive, { name: "stopped", text });
    const before = await someLinesDone(page, count);
    await page.getByRole("button", { name: "Cancel", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the batch" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Download the output" }).waitFor();
    const after = Number.parseInt((await linesDone(page, count).textContent()) ?? "", 10);
    expect([after >= before, after < count]).toEqual([true, true]);
  });

  it("make a key that opens what it is for, and revoke it for good", async () => {
    const { page, goTo } = await signedIn(browser, cluster.url);
    await goTo("keys");
    await page.getByRole("button", { name: "New key" }).click();
    await page.getByLabel("Name", { exact: true }).fill("berta");
    await page.getByRole("button", { name: "Make the key" }).click();
    const made = page.getByRole("dialog", { name: "The key berta is made" });
    const key = (await made.locator("code").textContent()) ?? "";
    const statusWithKey = async () =>
      (await fetch(`${cluster.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect(await statusWithKey()).toBe(200);
    await made.getByRole("button", { name: "I have kept it" }).click();
    await page.getByRole("button", { name: "Change berta" }).click();
    await page.getByRole("menuitem", { name: "Revoke" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByText("berta is revoked.").waitFor();
    await expect.poll(statusWithKey).toBe(401);
    // Its text is nowhere in the page any more.
    expect(await page.content()).not.toContain(key);
  });

  it("pause a worker, and lend it again", async () => {
    const { page, goTo } = await signedIn(browser, cluster.url);
    const state = async () => (await cluster.workers()).find(({ name }) => name === "design-desk")?.state;
    const act = async (entry: string, action: string) => {
      await page.getByRole("button", { name: "More about design-desk" }).click();
      await page.getByRole("menuitem", { name: entry }).click();
      await page.getByRole("dialog").getByRole("button", { name: action }).click();
    };
    await goTo("workers");
    await act("Pause…", "Pause");
    await expect.poll(state).toBe("away");
    await page.getByText("Paused").filter({ visible: true }).first().waitFor();
    await act("Resume", "Resume");
    await expect.poll(state, { timeout: 60_000 }).toBe("ready");
    await page.getByText("Lent").filter({ visible: true }).first().waitFor();
  });
});
