import { type CDPSession, chromium, type Page } from "playwright-core";
import { serveDashboard } from "./dashboard-server.ts";
import { benchDoor } from "./door.ts";

const workerCount = 1_000;
const rounds = 3;
const watchedUpdates = 15;
/** As many as in an hour. */
const leakUpdates = 1_800;
const leakEveryMs = 40;

type Print = (row: string[]) => void;

/** The page in a real browser, with 1,000 workers: first paint, long tasks, scrolling, and what an hour leaves behind. */
export async function benchDashboard(print: Print): Promise<void> {
  const server = await serveDashboard(workerCount);
  const executablePath = process.env["MUSTER_CHROMIUM"] ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    await benchDoor(browser, print);
    const paints: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.waitForSelector(".figures");
      paints.push(await page.evaluate<number>(firstPaint));
      await page.close();
    }
    print(["first paint, with 1,000 workers", `${median(paints).toFixed(0)} ms`, "<= 1000 ms"]);

    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    for (const [name, hash, ready] of [
      ["Now", "", ".uplot"],
      ["Workers", "#/workers", ".worker-name"],
    ] as const) {
      await page.goto("about:blank");
      await page.goto(`${server.url}${hash}`);
      await page.waitForSelector(ready);
      await page.waitForTimeout(2_000);
      await page.evaluate(watchTasks);
      const spent = await processorTime(page);
      await server.play(watchedUpdates, 2_000);
      const eachMs = ((await spent()) * 1_000) / watchedUpdates;
      print([`${name}, processor time of an update`, `${eachMs.toFixed(1)} ms`, "<= 50 ms"]);
      print([
        `${name}, ${watchedUpdates} updates: long tasks`,
        tasksText(await page.evaluate<number[]>(seenTasks)),
        "",
      ]);
    }
    await page.evaluate(watchTasks);
    const scrolled = await processorTime(page);
    const frames = await page.evaluate<number[]>(scrollAll);
    const frameMs = ((await scrolled()) * 1_000) / frames.length;
    print(["Workers, 400 px a frame: processor time of one", `${frameMs.toFixed(1)} ms`, "<= 16.7 ms"]);
    print(["Workers, scrolled through: median frame", `${median(frames).toFixed(1)} ms`, "16.7 ms"]);
    print(["Workers, scrolled through: worst frame", `${Math.max(...frames).toFixed(0)} ms`, ""]);
    print(["Workers, scrolled through: long tasks", tasksText(await page.evaluate<number[]>(seenTasks)), ""]);
    const nodes = await page.evaluate<number>("document.querySelectorAll('*').length");
    print(["Workers: elements in the page", `${nodes}`, ""]);

    for (const [name, hash] of [
      ["Now", "#/now"],
      ["Workers", "#/workers"],
    ] as const) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await leak(page, name, (updates) => server.play(updates, leakEveryMs), print);
    }
  } finally {
    await browser.close();
    server.close();
  }
}

/** What the page's main thread computes, in seconds: not what it waits for, so that a busy machine counts less. */
async function processorTime(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const taken = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0;
  };
  const before = await taken();
  return async () => {
    const seconds = (await taken()) - before;
    await session.detach();
    return seconds;
  };
}

/** What the heap holds after a first stretch, and after three more: the recent past is full by then. */
async function leak(page: Page, name: string, play: (updates: number) => Promise<void>, print: Print) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const stretch = leakUpdates / 4;
  const seen: { readonly megabytes: number; readonly nodes: number }[] = [];
  for (let part = 0; part < 4; part++) {
    await play(stretch);
    seen.push(await held(session));
  }
  await session.detach();
  const heaps = seen.map(({ megabytes }) => megabytes.toFixed(1)).join(", ");
  print([`${name}, heap after each ${stretch} updates`, `${heaps} MB`, "flat"]);
  print([`${name}, nodes after each ${stretch} updates`, seen.map(({ nodes }) => nodes).join(", "), "flat"]);
}

async function held(session: CDPSession) {
  await session.send("HeapProfiler.collectGarbage");
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? 0;
  return { megabytes: of("JSHeapUsedSize") / 1e6, nodes: of("Nodes") };
}

// What runs in the page is text: these sources know nothing of a browser.
const firstPaint = `performance.getEntriesByName("first-contentful-paint")[0].startTime`;
const watchTasks = `{
  window.benchTasks = [];
  window.benchObserver?.disconnect();
  window.benchObserver = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.benchTasks.push(duration);
  });
  window.benchObserver.observe({ type: "longtask" });
}`;
const seenTasks = "window.benchTasks";
const scrollAll = `new Promise((resolve) => {
  const list = document.querySelector(".virtual");
  const frames = [];
  let before = performance.now();
  const step = (at) => {
    frames.push(at - before);
    before = at;
    const top = list.scrollTop;
    list.scrollTop = top + 400;
    if (list.scrollTop === top) resolve(frames.slice(1));
    else requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})`;

function tasksText(tasks: readonly number[]): string {
  return tasks.length === 0 ? "none" : `${tasks.length}, longest ${Math.max(...tasks).toFixed(0)} ms`;
}

function median(values: readonly number[]): number {
  const inOrder = [...values].sort((one, other) => one - other);
  return inOrder[Math.floor(inOrder.length / 2)] ?? 0;
}
