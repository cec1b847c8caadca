import type { History, HistoryFlow, HistoryValues, LiveFlow, LiveNow } from "@muster/sdk";

type DrawnKey =
  | "generated_tokens_per_second"
  | "running"
  | "waiting"
  | "first_token_p50_seconds"
  | "first_token_p99_seconds";

type Flow = Readonly<Record<DrawnKey, HistoryValues>>;

/** What charts draw: the past, and behind it what has come since. */
export interface Timeline {
  readonly at: readonly number[];
  readonly total: Flow;
  readonly models: Readonly<Record<string, Flow>>;
}

/** Steps of the past at whose end nothing is known yet are left to what is live. */
export function timelineOf(history: History | undefined, recent: readonly LiveNow[]): Timeline {
  const past = history === undefined ? 0 : knownSteps(history);
  const pastEnd = past === 0 ? 0 : (history?.at[past - 1] ?? 0) + (history?.step_seconds ?? 0) / 2;
  const newer = recent.filter(({ at }) => at > pastEnd);
  const names = new Set([
    ...Object.keys(history?.models ?? {}),
    ...newer.flatMap(({ models }) => Object.keys(models)),
  ]);
  const flow = (before: HistoryFlow | undefined, live: (now: LiveNow) => LiveFlow | undefined): Flow => {
    const joined = (key: DrawnKey) => [
      ...(before === undefined ? unknownValues(past) : before[key].slice(0, past)),
      ...newer.map((now) => live(now)?.[key] ?? null),
    ];
    return {
      generated_tokens_per_second: joined("generated_tokens_per_second"),
      running: joined("running"),
      waiting: joined("waiting"),
      first_token_p50_seconds: joined("first_token_p50_seconds"),
      first_token_p99_seconds: joined("first_token_p99_seconds"),
    };
  };
  return {
    at: [...(history?.at.slice(0, past) ?? []), ...newer.map(({ at }) => at)],
    total: flow(history?.total, ({ total }) => total),
    models: Object.fromEntries(
      [...names].sort().map((name) => [name, flow(history?.models[name], ({ models }) => models[name])]),
    ),
  };
}

function knownSteps({ at, total }: History): number {
  const values = total.generated_tokens_per_second;
  let steps = at.length;
  while (steps > 0 && (values[steps - 1] ?? null) === null) steps -= 1;
  return steps;
}

function unknownValues(length: number): null[] {
  return Array.from({ length }, () => null);
}
