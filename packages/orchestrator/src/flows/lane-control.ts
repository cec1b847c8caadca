import type { Background } from "@muster/base";
import { isLinesRef, type LinesRef } from "../core/job.ts";
import { type Lane, type LaneClass, laneClasses } from "../core/lane.ts";
import { laneShares } from "../core/scheduling/lane-shares.ts";
import type { JobQueue, LaneConsumer } from "../ports/job-queue.ts";
import type { FleetRegistry } from "./fleet-registry.ts";
import type { JobRunner } from "./run-job.ts";

interface ModelLanes {
  readonly consumers: Readonly<Record<LaneClass, LaneConsumer>>;
  interactiveHeld: number;
  /** Requests that are run from the batch lane. */
  requestsHeld: number;
}

/** What runs lines of batches. */
export interface LineRuns {
  run(lane: Lane, lines: LinesRef): Promise<void>;
}

/** Opens the lanes of each model that the fleet serves, and keeps what they take in step with its free slots. */
export class LaneControl {
  readonly #queue: JobQueue;
  readonly #fleet: FleetRegistry;
  readonly #runner: JobRunner;
  readonly #lines: LineRuns;
  readonly #models = new Map<string, ModelLanes>();
  readonly #background: Background;
  #isClosing = false;

  constructor(deps: {
    readonly queue: JobQueue;
    readonly fleet: FleetRegistry;
    readonly runner: JobRunner;
    readonly lines: LineRuns;
    readonly background: Background;
  }) {
    this.#lines = deps.lines;
    this.#background = deps.background;
    this.#queue = deps.queue;
    this.#fleet = deps.fleet;
    this.#runner = deps.runner;
  }

  /** The slots of `model` may have changed. */
  adjust(model: string): void {
    if (this.#isClosing) return;
    const slots = this.#fleet.slots(model);
    const lanes = this.#models.get(model) ?? (slots > 0 ? this.#open(model) : undefined);
    if (lanes === undefined) return;
    if (slots === 0 && lanes.interactiveHeld === 0 && !this.#fleet.isKnown(model)) {
      this.#retire(model, lanes);
      return;
    }
    const shares = laneShares(slots, {
      interactiveHeld: lanes.interactiveHeld,
      requestsHeld: lanes.requestsHeld,
      patient: this.#fleet.waitingByChoice(model),
    });
    for (const laneClass of laneClasses) lanes.consumers[laneClass].setConcurrency(shares[laneClass]);
  }

  /** Takes nothing more from any lane; resolves when what was taken has been run. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const consumers = [...this.#models.values()].flatMap((lanes) => Object.values(lanes.consumers));
    await Promise.all(consumers.map((consumer) => consumer.close()));
  }

  #open(model: string): ModelLanes {
    const consume = (laneClass: LaneClass) => {
      const lane: Lane = { model, class: laneClass };
      return this.#queue.consume(lane, {
        run: (job) =>
          isLinesRef(job) ? this.#lines.run(lane, job) : this.#hold(lane, () => this.#runner.run(lane, job)),
        orphaned: (job) => this.#runner.orphaned(job),
      });
    };
    const lanes: ModelLanes = {
      consumers: { interactive: consume("interactive"), batch: consume("batch") },
      interactiveHeld: 0,
      requestsHeld: 0,
    };
    this.#models.set(model, lanes);
    return lanes;
  }

  /** Nobody serves the model any more: its consumers would keep two connections each for nothing. */
  #retire(model: string, lanes: ModelLanes): void {
    this.#models.delete(model);
    for (const laneClass of laneClasses) {
      this.#background.run("close-lane", () => lanes.consumers[laneClass].close());
    }
  }

  async #hold(lane: Lane, run: () => Promise<void>): Promise<void> {
    const lanes = this.#models.get(lane.model);
    if (lanes === undefined) return run();
    const held = lane.class === "batch" ? "requestsHeld" : "interactiveHeld";
    lanes[held] += 1;
    this.adjust(lane.model);
    try {
      await run();
    } finally {
      lanes[held] -= 1;
      this.adjust(lane.model);
    }
  }
}
