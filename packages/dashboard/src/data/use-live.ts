import { liveStore } from "./live.ts";
import type { LiveState } from "./live-state.ts";
import { useStore } from "./use-store.ts";

/**
 * A part of the live picture. `select` should be a constant function, or wrapped in `useCallback`; a component is
 * rendered again only when what it selects changes: `useLive((live) => live.workers.get(id))` is cheap among 1,000.
 */
export function useLive<Part>(
  select: (live: LiveState) => Part,
  isSame?: (left: Part, right: Part) => boolean,
): Part {
  return useStore(liveStore, select, isSame);
}
