import { beforeAll, describe, expect, it } from "vitest";
import { batchInput } from "../harness/batch-lines.ts";
import { startCluster, type TestCluster, untilSuiteEnds } from "../harness/cluster.ts";
import { operatorKey, signedIn } from "../harness/dashboard-drive.ts";
import { linesDone, someLinesDone, startBatch } from "../harness/drive-batch.ts";
import { browserNote, noBrowser, startBrowser } from "../support/browser.ts";

/** Slow enough that a page shows a batch on its way, fast enough that it ends. */
const count = 120;
const pace = { slots: 2, stubTokensPerSecond: 100 };

describe.skipIf(noBrowser !== undefined)(`the dashboard's batches${browserNote}`, () => {
  const atEnd = untilSuiteEnds();
  const browser = startBrowser(atEnd);
  const { text } = batchInput({ count });
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ apiKeys: [`office:${operatorKey}`] }, atEnd);
    await cluster.worker("design-desk", pace);
  });

  it("are taken from a file to its answers, and show on the way how far they are", async () => {
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

  it("are cancelled once somebody has said yes, and keep what was done", async () => {
    const drive = await signedIn(browser, cluster.url);
    const { page } = drive;
    await startBatch(drive, { name: "stopped", text });
    const before = await someLinesDone(page, count);
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel the batch" }).click();
    await page.getByRole("button", { name: "Cancel" }).waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Download the output" }).waitFor();
    const after = Number.parseInt((await linesDone(page, count).textContent()) ?? "", 10);
    expect([after >= before, after < count]).toEqual([true, true]);
  });
});
