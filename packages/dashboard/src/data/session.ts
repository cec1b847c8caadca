import type { DashboardSession } from "@muster/sdk";
import { ApiError, call, callJson } from "./api.ts";
import { createStore } from "./store.ts";

const path = "/dashboard/v1/session";

/** Whether the page may show anything. */
export type SessionState =
  | { readonly kind: "asking" }
  | { readonly kind: "signed-in"; readonly session: DashboardSession }
  | { readonly kind: "signed-out" }
  | { readonly kind: "unreachable"; readonly error: unknown };

export const sessionStore = createStore<SessionState>({ kind: "asking" });

/** Who is signed in, if anybody. */
export async function askSession(): Promise<void> {
  try {
    sessionStore.set({ kind: "signed-in", session: await callJson<DashboardSession>(path) });
  } catch (error) {
    const isRefused = error instanceof ApiError && (error.status === 401 || error.status === 403);
    if (isRefused) sessionStore.set({ kind: "signed-out" });
    // Who was signed in keeps the last picture while the orchestrator starts again.
    else if (sessionStore.get().kind !== "signed-in") sessionStore.set({ kind: "unreachable", error });
  }
}

/** Throws an ApiError where the key is not known. */
export async function signIn(key: string): Promise<void> {
  await call(path, { method: "POST", body: { key } });
  await askSession();
}

export async function signOut(): Promise<void> {
  try {
    await call(path, { method: "DELETE" });
  } finally {
    sessionStore.set({ kind: "signed-out" });
  }
}

/** An answer of 401 in the midst of it: the session has ended, or its key was revoked. */
export function noteRefusal(error: unknown): void {
  if (error instanceof ApiError && error.status === 401 && sessionStore.get().kind === "signed-in") {
    sessionStore.set({ kind: "signed-out" });
  }
}
