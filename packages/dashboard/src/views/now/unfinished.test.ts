import type { LiveBatch } from "@muster/sdk";
import { expect, test } from "vitest";
import { openBatches } from "./unfinished.ts";

const batch = (id: string, status: string, expected_end_at: number | null): LiveBatch => ({
  ...{ id, status, expected_end_at, model: null, name: null, created_at: 1 },
  ...{ total: 10, completed: 1, failed: 0 },
});

test("batches that are over are left out, and the next to be done is the first", () => {
  const all = [
    batch("new", "validating", null),
    batch("long", "in_progress", 900),
    batch("done", "completed", null),
    batch("short", "in_progress", 100),
  ];
  expect(openBatches(all).map(({ id }) => id)).toEqual(["short", "long", "new"]);
});
