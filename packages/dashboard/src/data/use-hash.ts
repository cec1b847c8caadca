import { parseHash, type Route } from "./route.ts";
import { createStore } from "./store.ts";
import { useStore } from "./use-store.ts";

const current = createStore<Route>(parseHash(location.hash));
addEventListener("hashchange", () => current.set(parseHash(location.hash)));

const all = (route: Route) => route;

/** Where the reader is. Links are plain `<a href={hashOf(...)}>`. */
export function useHash(): Route {
  return useStore(current, all);
}

/** Goes there; `isReplacing` leaves no step to go back to. */
export function go(hash: string, isReplacing = false): void {
  if (!isReplacing) {
    location.hash = hash;
    return;
  }
  history.replaceState(null, "", hash);
  current.set(parseHash(hash));
}
