import { afterEach, describe, expect, it } from "vitest";
import type { SessionStore, StoredSession } from "./session-store.ts";

const session: StoredSession = { keyId: "key_a", bond: "b0", signedInAtMs: 1_000, usedAtMs: 1_000 };
const keptMs = 3_600_000;
const shortMs = 200;

/** What every store of sessions promises. `open` gives an empty one, and moves its time forward where that is not ours. */
export function sessionStoreContract(
  name: string,
  open: () => Promise<{ store: SessionStore; pass?: (ms: number) => void }>,
): void {
  describe(`${name}: sessions of the dashboard`, () => {
    const opened: SessionStore[] = [];
    const start = async () => {
      const started = await open();
      opened.push(started.store);
      return started;
    };
    afterEach(() => {
      for (const store of opened.splice(0)) store.close();
    });

    it("finds a session by its name alone", async () => {
      const { store } = await start();
      await store.add("one", session, keptMs);
      expect(await store.find("one")).toEqual(session);
      expect(await store.find("two")).toBeUndefined();
    });

    it("forgets a session after its time, and counts it anew when it is renewed", async () => {
      const { store, pass } = await start();
      await store.add("renewed", session, shortMs);
      await store.renew("renewed", { ...session, usedAtMs: 2_000 }, keptMs);
      await store.add("short", session, shortMs);
      pass?.(shortMs);
      await expect.poll(() => store.find("short")).toBeUndefined();
      expect(await store.find("renewed")).toEqual({ ...session, usedAtMs: 2_000 });
    });

    it("does not bring a session back that was removed", async () => {
      const { store } = await start();
      await store.add("one", session, keptMs);
      expect(await store.remove("one")).toBe(true);
      await store.renew("one", session, keptMs);
      expect(await store.find("one")).toBeUndefined();
      expect(await store.remove("one")).toBe(false);
    });
  });
}
