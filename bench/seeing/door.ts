import type { Browser } from "playwright-core";
import { startBenchCluster } from "../processes.ts";

const rounds = 5;

/** The page as an orchestrator gives it out: how soon something is seen, and what had to be fetched for it. */
export async function benchDoor(browser: Browser, print: (row: string[]) => void): Promise<void> {
  const cluster = await startBenchCluster([]);
  try {
    const paints: number[] = [];
    let fetched = { files: 0, bytes: 0 };
    for (let round = 0; round < rounds; round++) {
      // A context of its own: nothing is cached.
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(cluster.url);
      await page.waitForSelector(".figures");
      paints.push(await page.evaluate<number>(firstPaint));
      fetched = await page.evaluate(filesOfThePage);
      await context.close();
    }
    const median = paints.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
    print(["first paint, from an orchestrator", `${median.toFixed(0)} ms`, "<= 1000 ms"]);
    const kilobytes = (fetched.bytes / 1024).toFixed(0);
    print(["fetched for the first view", `${fetched.files} files, ${kilobytes} KB`, ""]);
  } finally {
    await cluster.stop();
  }
}

// What runs in the page is text: these sources know nothing of a browser.
const firstPaint = `performance.getEntriesByName("first-contentful-paint")[0].startTime`;
const filesOfThePage = `(() => {
  const parts = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/assets/"));
  const [page] = performance.getEntriesByType("navigation");
  const all = [page, ...parts];
  return { files: all.length, bytes: all.reduce((sum, { transferSize }) => sum + transferSize, 0) };
})()`;
