import { beforeAll, describe, expect, it } from "vitest";
import { chatLine } from "../harness/batch-lines.ts";
import { chat, eventually, startCluster, type TestCluster, untilSuiteEnds } from "../harness/cluster.ts";
import { operatorKey, signedIn } from "../harness/dashboard-drive.ts";
import { browserNote, noBrowser, startBrowser } from "../support/browser.ts";
import { installGpus, type OfficeGpu } from "../support/office-gpus.ts";

/** Pictures show some minutes of work; for what is asserted a moment is enough. */
const warmUpMs = process.env["MUSTER_SCREENSHOTS"] === "1" ? 300_000 : 0;

const rtx4090 = { name: "GeForce RTX 4090", totalMib: 24_564, usedMib: 13_900, busyPercent: 71, watts: 310 };
const a6000 = { name: "RTX A6000", totalMib: 49_140, usedMib: 25_300, busyPercent: 84, watts: 262 };
const rtx3090 = { name: "GeForce RTX 3090", totalMib: 24_576, usedMib: 11_200, busyPercent: 55, watts: 241 };

interface Desk {
  readonly name: string;
  readonly model: string;
  readonly slots: number;
  readonly gpus: readonly OfficeGpu[];
  readonly modelMib: number;
  readonly rate: number;
}

const desks: readonly Desk[] = [
  { name: "desk-1", model: "gemma-4-e4b-it", slots: 4, gpus: [rtx4090], modelMib: 9_800, rate: 62 },
  { name: "render-2", model: "qwen3-32b", slots: 8, gpus: [a6000, a6000], modelMib: 44_000, rate: 34 },
  { name: "studio-3", model: "gemma-4-e4b-it", slots: 4, gpus: [rtx3090], modelMib: 9_800, rate: 48 },
];

describe.skipIf(noBrowser !== undefined)(`the dashboard of an office${browserNote}`, () => {
  const atEnd = untilSuiteEnds();
  const browser = startBrowser(atEnd);
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ apiKeys: [`office:${operatorKey}`] }, atEnd);
    await Promise.all(desks.map((desk) => lend(desk)));
    const isOver = new AbortController();
    atEnd(() => isOver.abort());
    for (const desk of desks) for (let person = 0; person < 3; person += 1) void ask(desk, isOver.signal);
  }, 120_000 + warmUpMs);

  async function lend({ name, model, slots, gpus, modelMib, rate }: Desk): Promise<void> {
    const folder = await installGpus(gpus, atEnd);
    await cluster.workerProcess(name, {
      args: ["--model-name", model, "--slots", String(slots)],
      env: {
        PATH: `${folder}:${process.env["PATH"]}`,
        ...{ MUSTER_STUB_RATE: String(rate), MUSTER_STUB_FIRST_TOKEN_MS: "180" },
        MUSTER_STUB_VRAM: `${modelMib}MiB`,
      },
    });
  }

  /** Somebody who asks again as soon as they have read the answer. */
  async function ask({ model, rate }: Desk, signal: AbortSignal): Promise<void> {
    for (let turn = 0; !signal.aborted; turn += 1) {
      const words = `What did we write about the printer of floor ${turn}, and who has an answer to it?`;
      const answer = { ...chat(words, { max_tokens: rate * (2 + (turn % 4)) }), model };
      await cluster
        .post("/v1/chat/completions", answer, { signal })
        .then((response) => response.text())
        .catch(() => undefined);
    }
  }

  async function startBatch(): Promise<void> {
    const model = "gemma-4-e4b-it";
    const lines = Array.from({ length: 20_000 }, (_none, line) =>
      chatLine(line, `Sum up letter ${line} of May.`, { model, max_tokens: 40 }),
    );
    const form = new FormData();
    form.set("purpose", "batch");
    form.set("file", new Blob([lines.join("\n")]), "letters-of-may.jsonl");
    const headers = { authorization: `Bearer ${operatorKey}` };
    const file = await fetch(`${cluster.url}/v1/files`, { method: "POST", body: form, headers });
    const { id } = (await file.json()) as { id: string };
    const batch = await cluster.post("/v1/batches", {
      ...{ input_file_id: id, endpoint: "/v1/chat/completions", completion_window: "24h" },
      metadata: { name: "letters-of-may" },
    });
    expect(batch.status).toBe(200);
  }

  it("says at a glance what the GPUs give, whether the batch moves, and who has their memory", {
    timeout: 180_000 + warmUpMs,
  }, async () => {
    await startBatch();
    const startedAt = performance.now();
    await eventually(async () => performance.now() - startedAt >= warmUpMs, warmUpMs + 10_000, 500);
    for (const theme of ["light", "dark"] as const) {
      const { page, goTo, screenshot, violations } = await signedIn(browser, cluster.url, { theme });
      await goTo("now");
      await page.getByRole("heading", { name: /^3 machines lend 4 GPUs; [\d,]+ tokens\/s; / }).waitFor();
      const batches = page.getByRole("region", { name: "Open batches" });
      await batches.getByRole("link", { name: "letters-of-may" }).waitFor();
      await batches.getByText(/^[\d,]+ of 20,000$/).waitFor();
      expect(await violations()).toEqual([]);
      await screenshot(`dashboard-now-${theme}`);
      await goTo("workers");
      const memory = page.getByRole("img", { name: /^NVIDIA GeForce RTX 4090: .*gemma-4-e4b-it/ });
      await memory.first().waitFor();
      await page.getByText("RTX A6000").first().waitFor();
      expect(await violations()).toEqual([]);
      await screenshot(`dashboard-workers-${theme}`);
    }
  });
});
