import { execFile } from "node:child_process";
import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { createBatchApi } from "../harness/batch-api.ts";
import { batchInput, problemsOf } from "../harness/batch-lines.ts";
import { type AtEnd, eventually, temporaryDirectory, untilTestEnds } from "../harness/cluster.ts";
import { startOffice } from "../harness/office.ts";

const run = promisify(execFile);
const diskBytes = 4 * 2 ** 20;
/** What the batch may still write before the disk is full: less than its results need. */
const roomBytes = 256 * 1_024;
/** Less than one group of results. */
const fullBytes = 8 * 1_024;

/** A directory that is a small disk of its own; undefined where we may not mount one. */
async function smallDisk(atEnd: AtEnd): Promise<string | undefined> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const directory = await temporaryDirectory(atEnd);
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${diskBytes}`, "tmpfs", directory]);
  } catch {
    return undefined;
  }
  atEnd(() => run("umount", ["--lazy", directory]));
  return directory;
}

const cases = [
  { name: "that is full to the last byte", reserveBytes: 0 },
  { name: "that has no more than its reserve left", reserveBytes: 512 * 1_024 },
] as const;

describe("a disk", () => {
  for (const { name, reserveBytes } of cases) {
    it(`${name} stops a batch and loses nothing; when there is room again, it goes on by itself`, async ({
      skip,
    }) => {
      const directory = await smallDisk(untilTestEnds);
      if (directory === undefined) return skip("mounting a small disk needs root on Linux");
      const office = await startOffice(
        {
          orchestrators: 1,
          workers: 2,
          slots: 4,
          storeDirectory: directory,
          env: { MUSTER_STUB_RATE: "400", MUSTER_STORE_RESERVE_BYTES: String(reserveBytes) },
        },
        untilTestEnds,
      );
      const api = createBatchApi({ url: office.url });
      const input = batchInput({ count: 1_500 });
      const { id } = await api.create((await api.upload(input.text)).id);
      await api.untilState(id, "in_progress");
      const filler = join(directory, "filler");
      await fill(directory, filler, reserveBytes + roomBytes);

      if (reserveBytes > 0) {
        const { muster } = await api.until(id, ({ muster }) => muster.waits_for !== null, 60_000);
        expect(muster.waits_for).toContain("disk");
      } else {
        await eventually(async () => (await freeBytes(directory)) < fullBytes, 60_000);
      }
      const held = await api.get(id);
      expect(held.status).toBe("in_progress");
      expect(held.request_counts.completed).toBeLessThan(input.count);
      await rm(filler);
      const batch = await api.untilState(id, "completed", 90_000);
      const files = {
        output: await api.results(batch.output_file_id),
        errors: await api.results(batch.error_file_id),
      };
      expect(batch.muster.waits_for).toBeNull();
      expect(problemsOf(input, batch, files)).toEqual([]);
      office.checkAccidents();
    });
  }
});

async function fill(directory: string, filler: string, leftBytes: number): Promise<void> {
  await writeFile(filler, new Uint8Array((await freeBytes(directory)) - leftBytes));
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
