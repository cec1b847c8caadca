import fc from "fast-check";
import { expect, it } from "vitest";
import { BestFirst } from "./best-first.ts";

it("gives numbers by their scores, and equals in order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (scores) => {
      const list = new BestFirst(scores);
      for (const item of scores.keys()) list.add(item);
      const taken: number[] = [];
      while (list.first !== undefined) taken.push(list.takeFirst() ?? -1);
      const sorted = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
      expect(taken).toEqual(sorted);
    }),
  );
});
