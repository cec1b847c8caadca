import type { Background, Clock, Log } from "@muster/base";
import type {
  BatchFact,
  ClusterFacts,
  LossFact,
  ModelFact,
  PinFact,
  RedisFact,
} from "../../core/findings/facts.ts";
import type { Finding } from "../../core/findings/finding.ts";
import { inOrder, type Known, watch } from "../../core/findings/watch.ts";
import type { ClusterHealth, HealthFacts } from "../../ports/cluster-health.ts";
import type { Look } from "../live/sampler.ts";

/** What costs something to ask is asked this often. */
const slowLookMs = 15_000;
const rememberLossesMs = 1_800_000;
const maxLosses = 1_000;

interface FindingsDeps {
  readonly version: string;
  readonly health: ClusterHealth;
  /** What is known of each model beside what is asked of it. */
  readonly model: (model: string) => Pick<ModelFact, "slots" | "comingUp" | "unmetBecause">;
  readonly pins: () => readonly PinFact[];
  readonly batches: () => Promise<readonly BatchFact[]>;
  /** As people call a worker. */
  readonly nameOf: (workerId: string) => string;
  readonly isRedisUp: () => boolean;
  readonly unreadableRecords: () => number;
  readonly isOpen: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

const nothingKnown: HealthFacts = {
  ...{ redis: { memory: undefined, policy: undefined }, disks: [], certificates: [] },
  objectStoreProblem: undefined,
};

/** Gathers what is known of the cluster and says what somebody should look at. */
export class FindingsDesk {
  readonly #deps: FindingsDeps;
  #losses: LossFact[] = [];
  #known: Known = new Map();
  #own: readonly Finding[] = [];
  #all: readonly Finding[] = [];
  #health = nothingKnown;
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
    this.#lookSlowly();
  }

  #facts({ now, workers }: Look): ClusterFacts {
    const { version, model, pins, isRedisUp, unreadableRecords, isOpen, clock } = this.#deps;
    const nowMs = clock.wallMs();
    this.#losses = this.#losses.filter(({ atMs }) => nowMs - atMs < rememberLossesMs);
    const { lost: _lost, ...here } = now.fleet.workers;
    const redis: RedisFact = { ...this.#health.redis, isUp: isRedisUp() };
    return {
      ...{ nowMs, version, workers, redis, losses: this.#losses, pins: pins(), batches: this.#batches },
      workersEverywhere: Object.values(here).reduce((sum, count) => sum + count, 0),
      models: [...now.models].map(([name, { waiting, linesLeft, oldestWaitMs }]) => ({
        ...{ model: name, waiting, linesLeft, oldestWaitMs },
        ...model(name),
      })),
      disks: this.#health.disks,
      objectStoreProblem: this.#health.objectStoreProblem,
      certificates: this.#health.certificates,
      unreadableRecords: unreadableRecords(),
      isOpen: isOpen(),
    };
  }

  /** One at a time: a store that hangs is asked again when it has answered. */
  #lookSlowly(): void {
    const { clock, background, health, batches, log } = this.#deps;
    const nowMs = clock.nowMs();
    if (this.#isLooking || nowMs - this.#lookedAtMs < slowLookMs) return;
    this.#isLooking = true;
    this.#lookedAtMs = nowMs;
    background.run("look-at-health", async () => {
      try {
        this.#health = await health.look();
        this.#batches = await batches();
      } catch (error) {
        log.debug({ error: String(error) }, "health not looked at");
      } finally {
        this.#isLooking = false;
      }
    });
  }
}
