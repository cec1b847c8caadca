import { ManualClock, silentLog } from "@muster/base";
import { expect, it } from "vitest";
import { createMemoryTenantClaims } from "../../adapters/memory/tenant-claims.ts";
import { noMetrics } from "../flows.fixture.ts";
import { StoredBytes } from "./stored-bytes.ts";
import { TenantQuota } from "./tenant-quota.ts";

const mebibyte = 1_048_576;

function start(records: ReadonlyMap<string, number> = new Map()) {
  const clock = new ManualClock();
  const claims = createMemoryTenantClaims({ clock });
  const bytes = new TenantQuota({
    ...{ claims, pool: "stored-bytes", clock, log: silentLog },
    records: async () => records,
  });
  const stored = new StoredBytes({ bytes, metrics: noMetrics });
  const upload = (id: string, mostBytes: number | undefined, atLeastBytes = 0) =>
    stored.upload({ tenant: "t", keyName: "ci", mostBytes, atLeastBytes }, id);
  return { stored, upload };
}

async function* pieces(count: number, onPiece: () => void = () => {}): AsyncIterable<Uint8Array> {
  for (let piece = 0; piece < count; piece++) {
    onPiece();
    yield new Uint8Array(mebibyte / 4);
  }
}

async function read(content: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const piece of content) bytes += piece.length;
  return bytes;
}

it("stops an upload while it comes, not at its end", async () => {
  const { upload } = start();
  let given = 0;
  const content = pieces(100, () => {
    given += 1;
  });
  await expect(read(upload("a", 3 * mebibyte).counted(content))).rejects.toMatchObject({
    code: "quota_exceeded",
  });
  expect(given).toBeLessThanOrEqual(16);
});

it("refuses what says beforehand that it is too large, before it has come", async () => {
  const { upload } = start(new Map([["old", mebibyte]]));
  let given = 0;
  const content = pieces(8, () => {
    given += 1;
  });
  const claim = upload("a", 2 * mebibyte, 2 * mebibyte);
  await expect(read(claim.counted(content))).rejects.toThrow(/1048576 are taken/);
  expect(given).toBe(0);
});

it("counts what there was before, what comes at the same time, and lets go of what becomes no file", async () => {
  const { stored, upload } = start(new Map([["old", mebibyte]]));
  const one = upload("a", 3 * mebibyte);
  expect(await read(one.counted(pieces(4)))).toBe(mebibyte);
  await stored.noted("t", "output", mebibyte);
  await expect(read(upload("b", 3 * mebibyte).counted(pieces(1)))).rejects.toThrow(/may keep 3145728 bytes/);
  await one.release();
  const other = upload("c", 3 * mebibyte);
  expect(await read(other.counted(pieces(4)))).toBe(mebibyte);
  await other.settle(mebibyte);
  await stored.released("t", "old");
  expect(await read(upload("d", 3 * mebibyte).counted(pieces(4)))).toBe(mebibyte);
  expect(await read(upload("e", undefined).counted(pieces(40)))).toBe(10 * mebibyte);
});
