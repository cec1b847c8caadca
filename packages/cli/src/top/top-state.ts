import type {
  Finding,
  History,
  LiveBatch,
  LiveChanges,
  LiveEvent,
  LiveHello,
  LiveNow,
  LiveWorker,
} from "@muster/sdk";

/** How fast the cluster wrote at one moment. */
export interface RatePoint {
  /** Unix seconds. */
  readonly at: number;
  readonly tokensPerSecond: number;
}

/** What is known of the cluster, from events and from nothing else. */
export interface TopState {
  readonly hello: LiveHello | undefined;
  readonly now: LiveNow | undefined;
  readonly workers: ReadonlyMap<string, LiveWorker>;
  readonly batches: ReadonlyMap<string, LiveBatch>;
  readonly findings: readonly Finding[];
  /** Of the last minutes, the oldest first. */
  readonly rates: readonly RatePoint[];
  /** What has been heard of already. */
  readonly heard: ReadonlySet<LiveEvent["kind"]>;
  /** Why nothing is heard now, for people. */
  readonly outage: string | undefined;
}

export const nothingHeard: TopState = {
  hello: undefined,
  now: undefined,
  workers: new Map(),
  batches: new Map(),
  findings: [],
  rates: [],
  heard: new Set(),
  outage: undefined,
};

/** So much of the past is shown, and kept. */
export const shownSeconds = 300;

export function withEvent(state: TopState, event: LiveEvent): TopState {
  const heard = state.heard.has(event.kind) ? state.heard : new Set([...state.heard, event.kind]);
  const next = { ...state, heard, outage: undefined };
  switch (event.kind) {
    case "hello":
      return { ...next, hello: event.data };
    case "now": {
      const { at, total } = event.data;
      const rates = [...state.rates, { at, tokensPerSecond: total.generated_tokens_per_second }];
      return { ...next, now: event.data, rates: lately(rates, at) };
    }
    case "workers":
      return { ...next, workers: withChanges(state.workers, event.data) };
    case "batches":
      return { ...next, batches: withChanges(state.batches, event.data) };
    case "findings":
      return { ...next, findings: event.data };
    default:
      return event satisfies never;
  }
}

/** What was there before the first event. */
export function withHistory(state: TopState, { at, total }: History): TopState {
  const first = state.rates[0]?.at ?? Number.POSITIVE_INFINITY;
  const earlier = at.flatMap((moment, step) => {
    const tokensPerSecond = total.generated_tokens_per_second[step];
    return tokensPerSecond == null || moment >= first ? [] : [{ at: moment, tokensPerSecond }];
  });
  const rates = [...earlier, ...state.rates];
  return { ...state, rates: lately(rates, rates.at(-1)?.at ?? 0) };
}

export function withOutage(state: TopState, outage: string): TopState {
  return { ...state, outage };
}

function lately(rates: readonly RatePoint[], at: number): readonly RatePoint[] {
  return rates.filter((rate) => rate.at > at - shownSeconds && rate.at <= at);
}

function withChanges<Row extends { readonly id: string }>(
  rows: ReadonlyMap<string, Row>,
  { is_full, data, gone }: LiveChanges<Row>,
): ReadonlyMap<string, Row> {
  const next = new Map(is_full ? [] : rows);
  for (const row of data) next.set(row.id, row);
  for (const id of gone) next.delete(id);
  return next;
}
