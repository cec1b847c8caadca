import type { Background, Clock, Log } from "@muster/base";
import type { Finding } from "../../core/findings/finding.ts";
import type { WorkerView } from "../../core/fleet/worker.ts";
import { type ClusterNow, clusterNow } from "../../core/live/cluster-now.ts";
import { fleetSample, runningByModel } from "../../core/live/fleet-sample.ts";
import { emptyModelSum, type ModelSample, modelSumOf, type Sample } from "../../core/live/sample.ts";
import { addCounts, type SparseCounts } from "../../core/live/sparse-counts.ts";
import type { LiveExchange, Told } from "../../ports/live-exchange.ts";
import type { AskedHere } from "../placement/demand-book.ts";
import type { FlowMeter } from "./flow-meter.ts";

/** Of the first tokens of so long the live view tells. */
const firstTokenMs = 60_000;

/** What is so at one moment: here, and in the whole cluster. */
export interface Look {
  readonly own: Sample;
  readonly now: ClusterNow;
  /** Of this orchestrator; those that it has lost and another one has are left out. */
  readonly workers: readonly WorkerView[];
  /** What the others have found. */
  readonly foundElsewhere: readonly Finding[];
}

interface SamplerDeps {
  readonly meter: FlowMeter;
  readonly exchange: LiveExchange;
  readonly workers: () => readonly WorkerView[];
  readonly requests: () => ReadonlyMap<string, AskedHere>;
  /** Lines of batches that have no answer yet, by model, of batches that are driven here. */
  readonly linesLeft: () => ReadonlyMap<string, number>;
  /** What was found here. */
  readonly findings: () => readonly Finding[];
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

/** Looks every two seconds at what was done and how things stand, here and, with what the others tell, everywhere. */
export class Sampler {
  readonly #deps: SamplerDeps;
  /** First tokens of each of the last intervals, by model. */
  #minute: ReadonlyMap<string, ModelSample>[] = [];
  #lastAtMs: number;
  #last: Look | undefined;
  #listener: (look: Look) => void = () => {};
  #stopTimer: () => void = () => {};
  #isTelling = false;

  constructor(deps: SamplerDeps) {
    this.#deps = deps;
    this.#lastAtMs = deps.clock.nowMs();
  }

  /** Sets who is told of each look; called once, by the composition. */
  notify(listener: (look: Look) => void): void {
    this.#listener = listener;
  }

  start(): void {
    this.#stopTimer = this.#deps.clock.after(this.#deps.intervalMs, () => this.#tick());
  }

  async stop(): Promise<void> {
    this.#stopTimer();
    await this.#deps.exchange.close();
  }

  /** As it was looked at last; a first look where there was none. */
  latest(): Look {
    this.#last ??= this.#look();
    return this.#last;
  }

  #tick(): void {
    this.start();
    const look = this.#look();
    this.#last = look;
    this.#listener(look);
  }

  #look(): Look {
    const { exchange, workers: list, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const others = exchange.others();
    const elsewhere = new Set(others.flatMap(({ here }) => here));
    const all = list();
    const workers = all.filter(({ id, state }) => state !== "lost" || !elsewhere.has(id));
    const own: Sample = {
      // The first look may come at once: a rate needs some time to be one.
      ms: Math.max(1, nowMs - this.#lastAtMs),
      models: this.#models(workers),
      fleet: fleetSample(workers),
    };
    this.#lastAtMs = nowMs;
    this.#minute.push(own.models);
    const intervals = Math.ceil(firstTokenMs / this.#deps.intervalMs);
    if (this.#minute.length > intervals) this.#minute = this.#minute.slice(-intervals);
    const minute = { ...own, models: this.#withMinute(own.models) };
    // Of all that are lost here: of those that it heard no more of, another would soon say no more either.
    this.#tell(minute, { workers: all, others });
    return {
      ...{ own, workers, now: clusterNow([minute, ...others.map(({ sample }) => sample)]) },
      foundElsewhere: others.flatMap(({ findings }) => findings),
    };
  }

  #models(workers: readonly WorkerView[]): ReadonlyMap<string, ModelSample> {
    const { meter, requests, linesLeft } = this.#deps;
    const models = new Map(meter.take());
    const of = (model: string) => modelSumOf(models, model);
    for (const [model, running] of runningByModel(workers)) of(model).running += running;
    for (const [model, lines] of linesLeft()) of(model).linesLeft += lines;
    for (const [model, { waiting, oldestWaitMs }] of requests()) {
      const sum = of(model);
      // Lines never wait here: what is of class batch is a request that can.
      sum.waiting += waiting.interactive + waiting.batch;
      sum.oldestWaitMs = Math.max(sum.oldestWaitMs, oldestWaitMs);
    }
    for (const { replicas, state } of workers)
      if (state !== "lost") for (const { model } of replicas) of(model);
    return models;
  }

  #withMinute(models: ReadonlyMap<string, ModelSample>): ReadonlyMap<string, ModelSample> {
    const minute = new Map<string, Map<number, number>>();
    for (const interval of this.#minute)
      for (const [model, { firstTokens }] of interval) {
        if (firstTokens.size === 0) continue;
        const sum = minute.get(model) ?? new Map<number, number>();
        minute.set(model, sum);
        addCounts(sum, firstTokens);
      }
    const names = new Set([...models.keys(), ...minute.keys()]);
    const countsOf = (model: string): SparseCounts => minute.get(model) ?? new Map();
    return new Map(
      [...names].map((model) => [
        model,
        { ...(models.get(model) ?? emptyModelSum()), firstTokens: countsOf(model) },
      ]),
    );
  }

  /** One at a time: while the store hangs, nothing piles up. */
  #tell(
    sample: Sample,
    { workers, others }: { readonly workers: readonly WorkerView[]; readonly others: readonly Told[] },
  ): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    const { exchange, background, log, findings } = this.#deps;
    const lostElsewhere = new Set(others.flatMap(({ lost }) => lost));
    const idsOf = (some: (worker: WorkerView) => boolean) => workers.filter(some).map(({ id }) => id);
    const told: Told = {
      ...{ sample, findings: findings() },
      lost: idsOf(({ state }) => state === "lost"),
      here: idsOf(({ id, state }) => state !== "lost" && lostElsewhere.has(id)),
    };
    background.run("tell-sample", async () => {
      try {
        await exchange.tell(told);
      } catch (error) {
        log.debug({ error: String(error) }, "live sample not told");
      } finally {
        this.#isTelling = false;
      }
    });
  }
}
