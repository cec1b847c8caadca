import type { Background, Clock, Log } from "@muster/base";
import type { BatchFact, ClusterFacts, LossFact, ModelFact, PinFact } from "../../core/findings/facts.ts";
import type { Finding } from "../../core/findings/finding.ts";
import { inOrder, type Known, watch } from "../../core/findings/watch.ts";
import type { Look } from "../live/sampler.ts";
import type { HealthFacts } from "./health-facts.ts";

/** What will become of batches costs something to ask: it is asked this often. */
const batchesLookMs = 15_000;
const rememberLossesMs = 1_800_000;
const maxLosses = 1_000;

interface FindingsDeps {
  readonly version: string;
  /** As of the last look: nobody is asked now. */
  readonly health: () => HealthFacts;
  /** What is known of each model beside what is asked of it. */
  readonly model: (model: string) => Pick<ModelFact, "slots" | "comingUp" | "unmetBecause">;
  readonly pins: () => readonly PinFact[];
  readonly batches: () => Promise<readonly BatchFact[]>;
  /** As people call a worker. */
  readonly nameOf: (workerId: string) => string;
  readonly isRedisUp: () => boolean;
  readonly isOpen: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

/** Gathers what is known of the cluster and says what somebody should look at. */
export class FindingsDesk {
  readonly #deps: FindingsDeps;
  #losses: LossFact[] = [];
  #known: Known = new Map();
  #own: readonly Finding[] = [];
  #all: readonly Finding[] = [];
  #batches: readonly BatchFact[] = [];
  #isLooking = false;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: FindingsDeps) {
    this.#deps = deps;
  }

  /** What was found here. */
  own(): readonly Finding[] {
    return this.#own;
  }

  /** What was found here and by the others, the worst first: of everybody and of one tenant; undefined: all. */
  of(tenant: string | undefined): readonly Finding[] {
    return this.#all.filter((finding) => tenant === undefined || (finding.tenant ?? tenant) === tenant);
  }

  /** The link to a worker is over; `isForGood`: one of the sides has ended it. */
  workerLost(workerId: string, reason: string, isForGood: boolean): void {
    if (isForGood) return;
    const worker = this.#deps.nameOf(workerId);
    this.#losses.push({ workerId, worker, atMs: this.#deps.clock.wallMs(), reason });
    if (this.#losses.length > maxLosses) this.#losses.shift();
  }

  tick(look: Look): void {
    const { clock } = this.#deps;
    const { findings, known } = watch(this.#facts(look), this.#known, clock.nowMs());
    this.#known = known;
    this.#own = findings;
    const here = new Set(
      look.workers.filter(({ state }) => state !== "lost").map(({ id }) => `worker_lost:${id}`),
    );
    this.#all = inOrder([...findings, ...look.foundElsewhere.filter(({ id }) => !here.has(id))]);
    this.#lookAtBatches();
  }

  #facts({ now, workers }: Look): ClusterFacts {
    const { version, model, pins, health, isRedisUp, isOpen, clock } = this.#deps;
    const nowMs = clock.wallMs();
    this.#losses = this.#losses.filter(({ atMs }) => nowMs - atMs < rememberLossesMs);
    const { lost: _lost, ...here } = now.fleet.workers;
    const { redis, ...surroundings } = health();
    return {
      ...surroundings,
      redis: { ...redis, isUp: isRedisUp() },
      ...{ nowMs, version, workers, losses: this.#losses, pins: pins(), batches: this.#batches },
      workersEverywhere: Object.values(here).reduce((sum, count) => sum + count, 0),
      models: [...now.models].map(([name, { waiting, linesLeft, oldestWaitMs }]) => ({
        ...{ model: name, waiting, linesLeft, oldestWaitMs },
        ...model(name),
      })),
      isOpen: isOpen(),
    };
  }

  /** One look at a time: a store that hangs is asked again when it has answered. */
  #lookAtBatches(): void {
    const { clock, background, batches, log } = this.#deps;
    const nowMs = clock.nowMs();
    if (this.#isLooking || nowMs - this.#lookedAtMs < batchesLookMs) return;
    this.#isLooking = true;
    this.#lookedAtMs = nowMs;
    background.run("look-at-batches", async () => {
      try {
        this.#batches = await batches();
      } catch (error) {
        log.debug({ error: String(error) }, "batches not looked at");
      } finally {
        this.#isLooking = false;
      }
    });
  }
}
