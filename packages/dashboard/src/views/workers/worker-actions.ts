import type { LiveWorker } from "@muster/sdk";
import { call } from "../../data/api.ts";
import { createStore } from "../../data/store.ts";

/** What an administrator can have a worker do. */
export type WorkerAction =
  | { readonly kind: "drain" }
  | { readonly kind: "pause"; readonly seconds: number | null }
  | { readonly kind: "resume" };

/** What was asked and has not shown yet, by worker. */
export const pendingActions = createStore<ReadonlyMap<string, WorkerAction["kind"]>>(new Map());

/** As long as this a wish is shown before what the worker says itself counts again. */
const pendingMs = 8_000;

/** Asks for it. Throws what the server says, after the wish was taken back. */
export async function act(id: string, action: WorkerAction): Promise<void> {
  mark(id, action.kind);
  try {
    await call(`/cluster/v1/workers/${encodeURIComponent(id)}/${action.kind}`, {
      method: "POST",
      body: action.kind === "pause" && action.seconds !== null ? { seconds: action.seconds } : {},
    });
    setTimeout(() => mark(id, undefined), pendingMs);
  } catch (error) {
    mark(id, undefined);
    throw error;
  }
}

function mark(id: string, kind: WorkerAction["kind"] | undefined): void {
  pendingActions.update((before) => {
    const next = new Map(before);
    if (kind === undefined) next.delete(id);
    else next.set(id, kind);
    return next;
  });
}

/** The worker as it will be, until it says so itself. */
export function withPending(worker: LiveWorker, pending: WorkerAction["kind"] | undefined): LiveWorker {
  switch (pending) {
    case undefined:
      return worker;
    case "drain":
      return { ...worker, state: "draining" };
    case "pause":
      return {
        ...worker,
        state: "away",
        availability: { ...worker.availability, state: "paused", reason: "Being paused" },
      };
    case "resume":
      return worker.state === "away" ? { ...worker, state: "joining" } : worker;
    default:
      return pending satisfies never;
  }
}
