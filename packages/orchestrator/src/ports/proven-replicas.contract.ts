import { afterEach, describe, expect, it } from "vitest";
import type { ProvenReplicas } from "./proven-replicas.ts";

/** What every store of proofs promises. `open` gives an empty one. */
export function provenReplicasContract(name: string, open: () => Promise<ProvenReplicas>): void {
  describe(`${name}: proven replicas`, () => {
    const opened: ProvenReplicas[] = [];
    const start = async () => {
      const proven = await open();
      opened.push(proven);
      return proven;
    };
    afterEach(() => {
      for (const proven of opened.splice(0)) proven.close();
    });

    it("knows a fingerprint once it was added, and no other", async () => {
      const proven = await start();
      expect(await proven.has('["a","ü"]')).toBe(false);
      await proven.add('["a","ü"]');
      expect(await proven.has('["a","ü"]')).toBe(true);
      expect(await proven.has('["a","u"]')).toBe(false);
    });

    it("takes the same fingerprint twice", async () => {
      const proven = await start();
      await proven.add("one");
      await proven.add("one");
      expect(await proven.has("one")).toBe(true);
    });
  });
}
