import { describe, expect, it } from "vitest";
import { createBatchApi } from "../harness/batch-api.ts";
import { batchInput, countProblems } from "../harness/batch-lines.ts";
import { startCluster } from "../harness/cluster.ts";
import { createRandom } from "../harness/random.ts";

const batches = 24;
const linesPerBatch = 50;
const seed = 4;
/** They are one tenant's: the last waits for all the others. */
const patienceMs = 120_000;

describe("cancelling while answers are committed", () => {
  it("leaves every line in one of the two files, and the counts and usage are their sums", async () => {
    const cluster = await startCluster();
    await cluster.worker("a", { slots: 4, stubTokensPerSecond: 200 });
    await cluster.worker("b", { slots: 4, stubTokensPerSecond: 200 });
    const api = createBatchApi({ url: () => cluster.url });
    const random = createRandom(seed);
    const file = await api.upload(batchInput({ count: linesPerBatch }).text);

    const race = async (doneBefore: number) => {
      const { id } = await api.create(file.id);
      await api.until(
        id,
        ({ status, request_counts: { completed } }) =>
          doneBefore === 0 || status === "completed" || completed >= doneBefore,
        patienceMs,
      );
      // One that is over already is refused, and must add up as well.
      await api.act(id, "cancel").catch((error: unknown) => {
        if (!String(error).includes(" 400 ")) throw error;
      });
      const batch = await api.until(
        id,
        ({ status }) => status === "cancelled" || status === "completed",
        patienceMs,
      );
      const [output, errors] = [
        await api.results(batch.output_file_id),
        await api.results(batch.error_file_id),
      ];
      return { batch, output, errors };
    };
    const ends = await Promise.all(Array.from({ length: batches }, () => race(random.below(linesPerBatch))));
    for (const { batch, output, errors } of ends) {
      const total = batch.request_counts.total;
      expect(output.length + errors.length).toBe(total);
      expect(new Set([...output, ...errors].map(({ custom_id }) => custom_id)).size).toBe(total);
      expect(countProblems(total, batch, { output, errors })).toEqual([]);
    }
    const cut = ends.filter(({ output, errors }) => output.length > 0 && errors.length > 0);
    expect(cut.length).toBeGreaterThan(0);
  });
});
