import { describe, expect, it } from "vitest";
import { type BatchApi, createBatchApi } from "../harness/batch-api.ts";
import { batchInput } from "../harness/batch-lines.ts";
import { startCluster } from "../harness/cluster.ts";
import { keysOf } from "../harness/keys-api.ts";

const keys = { design: "a-key-of-design-0123456789", research: "a-key-of-research-0123456789" };
const count = 1_500;
const head = 900;

const worker = { slots: 4, stubTokensPerSecond: 200 };

/** Design has three quarters of the slots while both have lines. */
async function expectShares(
  { design, research }: Readonly<Record<"design" | "research", BatchApi>>,
  onceMade: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const [designs, researches] = await Promise.all(
    [design, research].map(async (api) => api.create((await api.upload(batchInput({ count }).text)).id)),
  );
  if (designs === undefined || researches === undefined) throw new Error("unreachable");
  await onceMade();
  await expect(design.get(researches.id)).rejects.toThrow(" 404 ");
  await expect(research.content(designs.input_file_id)).rejects.toThrow(" 404 ");

  await design.until(designs.id, ({ request_counts }) => request_counts.completed >= head, 60_000);
  const others = (await research.get(researches.id)).request_counts.completed;
  // A third, give or take what was in hand when the second batch came and when we looked.
  expect(others).toBeGreaterThan(head / 5);
  expect(others).toBeLessThan(head / 2);
  await Promise.all([design.act(designs.id, "cancel"), research.act(researches.id, "cancel")]);
  await Promise.all([
    design.untilState(designs.id, "cancelled"),
    research.untilState(researches.id, "cancelled"),
  ]);
}

describe("two tenants with batches for the same model", () => {
  it("share its slots by their weights, and neither sees what the other has", async () => {
    const cluster = await startCluster({
      apiKeys: [`design:${keys.design}`, `research:${keys.research}`],
      tenantWeights: new Map([["design", 3]]),
    });
    await cluster.worker("desk", worker);
    const apiOf = (key: string) => createBatchApi({ url: () => cluster.url, key });
    await expectShares({ design: apiOf(keys.design), research: apiOf(keys.research) });
  });

  it("share them by the weights that their keys have now", async () => {
    const operator = "an-operator-key-0123456789";
    const cluster = await startCluster({ apiKeys: [operator] });
    await cluster.worker("desk", worker);
    const made = keysOf(cluster.url, operator);
    const keyFor = (name: string, weight: number) =>
      made.create({ name, scopes: ["batch"], limits: { weight } });
    const design = await keyFor("design", 0.5);
    const research = await keyFor("research", 0.5);
    const apiOf = ({ key }: { readonly key: string }) => createBatchApi({ url: () => cluster.url, key });
    await expectShares({ design: apiOf(design), research: apiOf(research) }, () =>
      made.change(design.id, { limits: { weight: 1.5 } }),
    );
  });
});
