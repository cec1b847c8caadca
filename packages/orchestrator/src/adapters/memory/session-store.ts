import type { Clock } from "@muster/base";
import type { SessionStore, StoredSession } from "../../ports/session-store.ts";

/** For tests: sessions last as long as the process. */
export function createMemorySessionStore({ clock }: { readonly clock: Clock }): SessionStore {
  const kept = new Map<string, { readonly session: StoredSession; readonly untilMs: number }>();
  const live = (name: string): StoredSession | undefined => {
    const entry = kept.get(name);
    return entry === undefined || entry.untilMs <= clock.nowMs() ? undefined : entry.session;
  };
  const put = (name: string, session: StoredSession, keptMs: number): void => {
    kept.set(name, { session, untilMs: clock.nowMs() + keptMs });
  };
  return {
    add: async (name, session, keptMs) => put(name, session, keptMs),
    find: async (name) => live(name),
    async renew(name, session, keptMs) {
      if (live(name) !== undefined) put(name, session, keptMs);
    },
    async remove(name) {
      const isThere = live(name) !== undefined;
      kept.delete(name);
      return isThere;
    },
    close() {},
  };
}
