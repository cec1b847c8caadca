import { describe, expect, it } from "vitest";
import { fleetSample } from "../core/live/fleet-sample.ts";
import type { Resolution } from "../core/live/resolutions.ts";
import { emptyModelSum, type Sample } from "../core/live/sample.ts";
import type { HistoryRecord, HistoryStore } from "./history.ts";

const dayMs = 86_400_000;

export interface HistoryWorld {
  /** Of two orchestrators. */
  readonly stores: readonly [HistoryStore, HistoryStore];
  wallMs(): number;
  advance(ms: number): void;
}

function historySample(requests: number): Sample {
  const model = { ...emptyModelSum(), requests };
  return { ms: 10_000, models: new Map([["m", model]]), fleet: fleetSample([]) };
}

/** What every history does. */
export function historyContract(brand: string, start: () => Promise<HistoryWorld>): void {
  const read = async (store: HistoryStore, resolution: Resolution, sinceMs: number, untilMs: number) => {
    const records: HistoryRecord[] = [];
    for await (const page of store.read(resolution, { sinceMs, untilMs })) records.push(...page);
    return records;
  };
  const counts = (records: readonly HistoryRecord[]) =>
    records.map(({ sample }) => sample.models.get("m")?.requests);

  describe(`the history in ${brand}`, () => {
    it("gives what any orchestrator has added, oldest first, with who and when", async () => {
      const { stores, wallMs, advance } = await start();
      const [first, second] = stores;
      const fromMs = wallMs();
      await first.add("fine", historySample(1));
      advance(5_000);
      await second.add("fine", historySample(2));
      advance(5_000);
      await first.add("fine", historySample(3));
      const records = await read(second, "fine", fromMs, wallMs());
      expect(counts(records)).toEqual([1, 2, 3]);
      expect(new Set(records.map(({ orchestrator }) => orchestrator)).size).toBe(2);
      expect(records.map(({ endMs }) => endMs - fromMs)).toEqual([0, 5_000, 10_000]);
      expect(counts(await read(first, "fine", fromMs + 1, wallMs() - 1))).toEqual([2]);
      expect(await read(first, "coarse", fromMs, wallMs())).toEqual([]);
    });

    it("comes in pages where there is much, each record once", async () => {
      const { stores, wallMs, advance } = await start();
      const fromMs = wallMs();
      const many = 1_234;
      for (let at = 0; at < many; at++) {
        await stores[at % 2 === 0 ? 0 : 1].add("coarse", historySample(at + 1));
        // Several may have one time.
        if (at % 3 === 0) advance(1);
      }
      const found = counts(await read(stores[0], "coarse", fromMs, wallMs()));
      expect(found).toEqual(Array.from({ length: many }, (_none, at) => at + 1));
    });

    it("lets go of fine samples after a day and of coarse ones after a month, and of little else", async () => {
      const { stores, wallMs, advance } = await start();
      const [store] = stores;
      const fromMs = wallMs();
      const each = 400;
      for (let at = 0; at < each; at++) {
        await store.add("fine", historySample(1));
        await store.add("coarse", historySample(1));
        advance(dayMs / 100);
      }
      // Streams are trimmed by whole nodes.
      const fine = await read(store, "fine", fromMs, wallMs());
      expect(fine.length).toBeGreaterThanOrEqual(99);
      expect(fine.length).toBeLessThan(320);
      expect(await read(store, "coarse", fromMs, wallMs())).toHaveLength(each);
    });
  });
}
