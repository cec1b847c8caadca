import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SlotTable } from "./slot-table.ts";

const never = new AbortController().signal;

describe("SlotTable", () => {
  it("gives slots in turn, and a released one to whoever has waited longest", async () => {
    const table = new SlotTable(1);
    const first = await table.take(never);
    const order: string[] = [];
    const second = table.take(never).then((release) => {
      order.push("second");
      return release;
    });
    const third = table.take(never).then((release) => {
      order.push("third");
      return release;
    });
    first();
    (await second)();
    (await third)();
    expect(order).toEqual(["second", "third"]);
    expect(table.taken).toBe(0);
  });

  it("lets a waiting one leave, and then skips it", async () => {
    const table = new SlotTable(1);
    const release = await table.take(never);
    const leave = new AbortController();
    const left = table.take(leave.signal);
    const stayed = table.take(never);
    leave.abort();
    await expect(left).rejects.toMatchObject({ code: "cancelled" });
    release();
    (await stayed)();
    expect(table.taken).toBe(0);
  });

  it("never has more out than there are, however often a release is called", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        async (total, picks) => {
          const table = new SlotTable(total);
          const held: (() => void)[] = [];
          for (const pick of picks) {
            if (pick % 2 === 0 && held.length > 0) {
              const release = held.splice(pick % held.length, 1)[0];
              release?.();
              release?.();
            } else void table.take(never).then((release) => held.push(release));
            await Promise.resolve();
            await Promise.resolve();
            expect(table.taken).toBeLessThanOrEqual(total);
            expect(held.length).toBeLessThanOrEqual(total);
          }
        },
      ),
    );
  });
});
