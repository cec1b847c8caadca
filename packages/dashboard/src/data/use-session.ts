import { type SessionState, sessionStore } from "./session.ts";
import { useStore } from "./use-store.ts";

const all = (state: SessionState) => state;
const nothing: readonly string[] = [];
const scopesOf = (state: SessionState) => (state.kind === "signed-in" ? state.session.scopes : nothing);

export function useSession(): SessionState {
  return useStore(sessionStore, all);
}

/** Whether the key is for this; `admin` is for everything. */
export function useMay(scope: string): boolean {
  const scopes = useStore(sessionStore, scopesOf);
  return mayDo(scopes, scope);
}

export function mayDo(scopes: readonly string[], scope: string): boolean {
  return scopes.includes(scope) || scopes.includes("admin");
}
