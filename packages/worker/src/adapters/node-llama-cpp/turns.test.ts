import { deferred } from "@muster/base";
import { describe, expect, it } from "vitest";
import { lazy } from "./lazy.ts";
import { createTurns } from "./turns.ts";

describe("turns", () => {
  it("run one task at a time, in order, also after one that fails", async () => {
    const turns = createTurns();
    const first = deferred<void>();
    const begun: string[] = [];
    const failing = turns(async () => {
      begun.push("first");
      await first.promise;
      throw new Error("broken");
    });
    const next = turns(async () => {
      begun.push("second");
      return 2;
    });
    const outcome = failing.catch((error: Error) => error.message);
    await Promise.resolve();
    expect(begun).toEqual(["first"]);
    first.resolve();
    expect(await outcome).toBe("broken");
    expect(await next).toBe(2);
    expect(begun).toEqual(["first", "second"]);
  });
});

describe("a lazy thing", () => {
  it("is made once, by whoever is first", async () => {
    let makings = 0;
    const thing = lazy(async () => {
      makings += 1;
      return { made: makings };
    });
    expect(makings).toBe(0);
    const [a, b] = await Promise.all([thing(), thing()]);
    expect(a).toBe(b);
    expect(makings).toBe(1);
  });

  it("is tried again after a failure", async () => {
    let tries = 0;
    const thing = lazy(async () => {
      tries += 1;
      if (tries === 1) throw new Error("no memory");
      return tries;
    });
    await expect(thing()).rejects.toThrow("no memory");
    expect(await thing()).toBe(2);
  });
});
