import {
  type AliasDefinition,
  type AliasKind,
  otelAliases,
  otelOperations,
  vllmAliases,
} from "../../core/metrics/aliases.ts";
import {
  type CounterFamily,
  type Distribution,
  distributionText,
  GaugeText,
  type HistogramFamily,
  type Pieces,
} from "./families.ts";
import { type ModelCounts, runningByModel } from "./fleet-gauges.ts";
import type { Observed } from "./observed.ts";
import type { RequestFamilies } from "./request-metrics.ts";
import { headOf, labelText } from "./sample-text.ts";

const provider = "muster";

interface AliasSources {
  readonly requests: RequestFamilies;
  readonly models: ReadonlyMap<string, ModelCounts>;
  readonly observed: Observed;
}

/** What was counted already, under the names of others: nothing is counted twice. */
export function* aliasText(kinds: readonly AliasKind[], from: AliasSources): Pieces {
  if (kinds.includes("vllm")) yield* vllmText(from);
  if (kinds.includes("otel")) yield* otelText(from);
}

function* vllmText({ requests, models, observed }: AliasSources): Pieces {
  const running = new GaugeText(vllmAliases.running);
  for (const [model, { interactive, batch }] of runningByModel(observed))
    running.set(interactive + batch, model);
  const waiting = new GaugeText(vllmAliases.waiting);
  const waits = new Map<string, number>(Array.from(models.keys(), (model) => [model, 0]));
  for (const lane of observed.lanes()) if (lane.class === "interactive") waits.set(lane.model, lane.waiting);
  for (const [model, count] of waits) waiting.set(count, model);
  const inUse = new GaugeText(vllmAliases.slotsInUse);
  for (const [model, { slotsUsed, slotsFree }] of models)
    inUse.set(slotsUsed === 0 ? 0 : slotsUsed / (slotsUsed + slotsFree), model);
  for (const gauge of [running, waiting, inUse]) yield* gauge.text();

  const byModel = ([model = ""]: readonly string[]) => [model];
  yield* counterText(vllmAliases.prefixQueries, requests.promptTokens, byModel);
  yield* counterText(vllmAliases.prefixHits, requests.cachedTokens, byModel);
  yield* counterText(vllmAliases.promptTokens, requests.promptTokens, byModel);
  yield* counterText(vllmAliases.generationTokens, requests.generationTokens, byModel);
  yield* counterText(vllmAliases.requestSuccess, requests.answers, ([model = "", reason = ""]) => [
    model,
    reason === "length" ? "length" : "stop",
  ]);
  yield* histogramText(vllmAliases.firstToken, requests.firstToken, byModel);
  yield* histogramText(vllmAliases.interToken, requests.interToken, byModel);
  yield* histogramText(vllmAliases.endToEnd, requests.duration, byModel);
  yield* histogramText(vllmAliases.queueWait, requests.queueWait, byModel);
}

function* otelText({ requests }: AliasSources): Pieces {
  yield* histogramText(otelAliases.requestDuration, requests.duration, ([model = "", endpoint = ""]) => {
    const operation = otelOperations[endpoint];
    return operation === undefined ? undefined : [operation, provider, model];
  });
  yield* histogramText(otelAliases.firstToken, requests.firstToken, ([model = ""]) => [provider, model]);
}

/** The labels that a series has under the other name; undefined: it is none of those. */
type Relabel = (values: readonly string[]) => readonly string[] | undefined;

function* counterText(alias: AliasDefinition, family: CounterFamily, relabel: Relabel): Pieces {
  const sums = new Map<string, number>();
  for (const { values, value } of family.series()) {
    const renamed = relabel(values);
    if (renamed === undefined) continue;
    const labels = labelText(alias.labels, renamed);
    sums.set(labels, (sums.get(labels) ?? 0) + value);
  }
  const text = new GaugeText(alias);
  for (const [labels, value] of sums) text.setLabelled(value, labels);
  yield* text.text();
}

function* histogramText(alias: AliasDefinition, family: HistogramFamily, relabel: Relabel): Pieces {
  const sums = new Map<string, Distribution>();
  for (const { values, counts, sum } of family.series()) {
    const renamed = relabel(values);
    if (renamed === undefined) continue;
    const labels = labelText(alias.labels, renamed);
    const before = sums.get(labels);
    sums.set(labels, {
      counts: counts.map((count, at) => count + (before?.counts[at] ?? 0)),
      sum: sum + (before?.sum ?? 0),
    });
  }
  yield headOf(alias);
  for (const [labels, distribution] of sums)
    yield distributionText(alias.name, labels, { bounds: family.bounds, ...distribution });
}
