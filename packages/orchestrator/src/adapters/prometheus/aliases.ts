import { AggregatorRegistry, type PrometheusContentType, Registry } from "prom-client";
import {
  type AliasDefinition,
  type AliasKind,
  otelAliases,
  otelOperations,
  vllmAliases,
} from "../../core/metrics/aliases.ts";
import {
  type CounterFamily,
  type HistogramFamily,
  type Labels,
  labelsOf,
  lookedFamilies,
} from "./families.ts";
import { type ModelCounts, runningByModel } from "./fleet-gauges.ts";
import type { Observed } from "./observed.ts";
import type { RequestFamilies } from "./request-metrics.ts";

const provider = "muster";

interface AliasSources {
  readonly requests: RequestFamilies;
  readonly models: ReadonlyMap<string, ModelCounts>;
  readonly observed: Observed;
}

/** What was counted already, under the names of others: nothing is counted twice. Each has a registry of its own. */
export async function* aliasRegistries(
  kinds: readonly AliasKind[],
  from: AliasSources,
): AsyncIterable<Pick<Registry, "metrics">> {
  if (kinds.includes("vllm")) {
    yield vllmGauges(from);
    yield* renamed(vllmFamilies(from.requests));
  }
  if (kinds.includes("otel")) yield* renamed(otelFamilies(from.requests));
}

function vllmGauges({ models, observed }: AliasSources): Registry {
  const registry = new Registry();
  const { running, waiting, slotsInUse } = lookedFamilies(registry, {
    running: vllmAliases.running,
    waiting: vllmAliases.waiting,
    slotsInUse: vllmAliases.slotsInUse,
  });
  for (const [model, { interactive, batch }] of runningByModel(observed))
    running.set(interactive + batch, model);
  const waits = new Map<string, number>(Array.from(models.keys(), (model) => [model, 0]));
  for (const lane of observed.lanes()) if (lane.class === "interactive") waits.set(lane.model, lane.waiting);
  for (const [model, count] of waits) waiting.set(count, model);
  for (const [model, { slotsUsed, slotsFree }] of models)
    slotsInUse.set(slotsUsed === 0 ? 0 : slotsUsed / (slotsUsed + slotsFree), model);
  return registry;
}

/** One of ours under another name. */
interface Renamed {
  readonly alias: AliasDefinition;
  readonly family: CounterFamily | HistogramFamily;
  /** What the labels are there; undefined: the series is none of those. */
  readonly relabel: (labels: Labels) => readonly string[] | undefined;
}

const textOf = (labels: Labels, name: string) => String(labels[name] ?? "");

function vllmFamilies(requests: RequestFamilies): readonly Renamed[] {
  const byModel = (labels: Labels) => [textOf(labels, "model")];
  const reasonOf = (labels: Labels) => (labels["reason"] === "length" ? "length" : "stop");
  const alias = vllmAliases;
  return [
    { alias: alias.prefixQueries, family: requests.promptTokens, relabel: byModel },
    { alias: alias.prefixHits, family: requests.cachedTokens, relabel: byModel },
    { alias: alias.promptTokens, family: requests.promptTokens, relabel: byModel },
    { alias: alias.generationTokens, family: requests.generationTokens, relabel: byModel },
    {
      ...{ alias: alias.requestSuccess, family: requests.answers },
      relabel: (labels) => [textOf(labels, "model"), reasonOf(labels)],
    },
    { alias: alias.firstToken, family: requests.firstToken, relabel: byModel },
    { alias: alias.interToken, family: requests.interToken, relabel: byModel },
    { alias: alias.endToEnd, family: requests.duration, relabel: byModel },
    { alias: alias.queueWait, family: requests.queueWait, relabel: byModel },
  ];
}

function otelFamilies(requests: RequestFamilies): readonly Renamed[] {
  return [
    {
      ...{ alias: otelAliases.requestDuration, family: requests.duration },
      relabel(labels) {
        const operation = otelOperations[textOf(labels, "endpoint")];
        return operation === undefined ? undefined : [operation, provider, textOf(labels, "model")];
      },
    },
    {
      ...{ alias: otelAliases.firstToken, family: requests.firstToken },
      relabel: (labels) => [provider, textOf(labels, "model")],
    },
  ];
}

/** Series that have the same labels there are added up. */
async function* renamed(all: readonly Renamed[]): AsyncIterable<Registry> {
  for (const { alias, family, relabel } of all) {
    const { values, ...metric } = await family.read();
    const series = values.flatMap((one) => {
      const values = relabel(one.labels);
      if (values === undefined) return [];
      const { le } = one.labels;
      const labels = { ...(le === undefined ? {} : { le }), ...labelsOf(alias.labels, values) };
      const metricName = one.metricName?.replace(metric.name, alias.name);
      return [{ labels, value: one.value, metricName }];
    });
    const { name, help } = alias;
    yield AggregatorRegistry.aggregate<PrometheusContentType>([[{ ...metric, name, help, values: series }]]);
  }
}
