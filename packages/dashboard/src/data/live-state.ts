import type { Finding, LiveBatch, LiveChanges, LiveEvent, LiveHello, LiveNow, LiveWorker } from "@muster/sdk";

/** How much of the recent past is kept for charts: 15 minutes and some. */
const maxRecentSeconds = 960;
const maxRecent = 1_000;

/** The last picture of the cluster. Parts that have not changed stay the same objects. */
export interface LiveState {
  readonly connection: "connecting" | "open" | "reconnecting";
  readonly hello: LiveHello | undefined;
  readonly now: LiveNow | undefined;
  /** Oldest first. */
  readonly recent: readonly LiveNow[];
  readonly workers: ReadonlyMap<string, LiveWorker>;
  readonly batches: ReadonlyMap<string, LiveBatch>;
  readonly findings: readonly Finding[];
  /** Which parts were told of at least once: an empty list may only be not here yet. */
  readonly known: { readonly workers: boolean; readonly batches: boolean; readonly findings: boolean };
}

export const initialLive: LiveState = {
  connection: "connecting",
  hello: undefined,
  now: undefined,
  recent: [],
  workers: new Map(),
  batches: new Map(),
  findings: [],
  known: { workers: false, batches: false, findings: false },
};

export type LiveStep =
  | LiveEvent
  | { readonly kind: "opened" }
  | { readonly kind: "broken" }
  /** Somebody else signs in: nothing of before may be seen. */
  | { readonly kind: "forget" };

export function reduceLive(state: LiveState, step: LiveStep): LiveState {
  switch (step.kind) {
    case "opened":
      return { ...state, connection: "open" };
    case "broken":
      return { ...state, connection: state.hello === undefined ? "connecting" : "reconnecting" };
    case "forget":
      return initialLive;
    case "hello":
      return { ...state, connection: "open", hello: step.data };
    case "now":
      return { ...state, now: step.data, recent: withNewest(state.recent, step.data) };
    case "workers":
      return {
        ...state,
        workers: changed(state.workers, step.data),
        known: { ...state.known, workers: true },
      };
    case "batches":
      return {
        ...state,
        batches: changed(state.batches, step.data),
        known: { ...state.known, batches: true },
      };
    case "findings":
      return { ...state, findings: step.data, known: { ...state.known, findings: true } };
    default:
      return step satisfies never;
  }
}

function changed<Row extends { readonly id: string }>(
  before: ReadonlyMap<string, Row>,
  changes: LiveChanges<Row>,
): ReadonlyMap<string, Row> {
  if (!changes.is_full && changes.data.length === 0 && changes.gone.length === 0) return before;
  const rows = new Map(changes.is_full ? [] : before);
  for (const row of changes.data) rows.set(row.id, row);
  for (const id of changes.gone) rows.delete(id);
  return rows;
}

function withNewest(recent: readonly LiveNow[], newest: LiveNow): readonly LiveNow[] {
  const last = recent.at(-1);
  // After a reconnect the same moment may be told twice.
  if (last !== undefined && newest.at <= last.at) return recent;
  const oldestAt = newest.at - maxRecentSeconds;
  const kept = recent.filter(({ at }) => at >= oldestAt).slice(1 - maxRecent);
  return [...kept, newest];
}
