import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Mailbox } from "./mailbox.ts";

async function all<T>(box: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of box) items.push(item);
  return items;
}

describe("Mailbox", () => {
  it("gives everything in order, whether it was there before the reader or came after", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer()), fc.nat({ max: 20 }), async (items, before) => {
        const box = new Mailbox<number>(1_000);
        items.slice(0, before).forEach((item) => void box.push(item));
        const read = all(box);
        for (const item of items.slice(before)) {
          box.push(item);
          await Promise.resolve();
        }
        box.close();
        expect(await read).toEqual(items);
      }),
    );
  });

  it("takes no more than its limit, by count or by weight", () => {
    const counted = new Mailbox<string>(2);
    expect([counted.push("a"), counted.push("b"), counted.push("c")]).toEqual([true, true, false]);
    const weighed = new Mailbox<string>(10, undefined, (text) => text.length);
    expect([weighed.push("12345"), weighed.push("1234567"), weighed.push("x")]).toEqual([true, true, false]);
  });

  it("has room again once something was read", async () => {
    const box = new Mailbox<string>(3, undefined, (text) => text.length);
    box.push("abc");
    const reader = box[Symbol.asyncIterator]();
    await reader.next();
    expect(box.push("def")).toBe(true);
  });

  it("gives what is left before it fails, and fails once", async () => {
    const box = new Mailbox<string>(10);
    box.push("last");
    box.fail(new Error("gone"));
    const reader = box[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: "last" });
    await expect(reader.next()).rejects.toThrow("gone");
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it("tells its owner when the reader leaves early, and takes nothing after that", async () => {
    let left = 0;
    const box = new Mailbox<string>(10, () => {
      left += 1;
    });
    box.push("a");
    for await (const _item of box) break;
    expect(left).toBe(1);
    expect(box.push("b")).toBe(false);
  });
});
