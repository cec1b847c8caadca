import type { Clock } from "@muster/base";
import { addBeat, addTokens, type Energy, noEnergy, type TokenUse, wattsOf } from "../core/fleet/energy.ts";
import type { WorkerLook } from "./fleet-entries.ts";

/** Workers that are remembered; the one that was heard of longest ago goes first. */
const maxWorkers = 1_024;
/** Beats that may be missed before the time between two is counted for nothing. */
const longestGapBeats = 3;

/**
 * What each worker has drawn and answered. In memory alone: after a restart of the orchestrator it starts from nothing,
 * as counters do; what is to be kept is for whoever scrapes the metrics.
 */
export class EnergyBook {
  readonly #clock: Clock;
  readonly #longestGapMs: number;
  readonly #workers = new Map<string, Energy>();

  constructor(deps: { readonly clock: Clock; readonly heartbeatIntervalMs: number }) {
    this.#clock = deps.clock;
    this.#longestGapMs = longestGapBeats * deps.heartbeatIntervalMs;
  }

  /** A worker that is connected has beaten; `worker` is what is known of it now. */
  beat(worker: WorkerLook): void {
    const { identity, load, replicas, isDraining, availability } = worker;
    const before = this.#workers.get(identity.id);
    // The newest is the last, and the oldest the first to go.
    this.#workers.delete(identity.id);
    let isWorking = false;
    for (const { slotsUsed } of replicas.values()) isWorking ||= slotsUsed > 0;
    const beat = {
      atMs: this.#clock.nowMs(),
      watts: wattsOf(load),
      isWorking,
      isLent: !isDraining && availability.state === "lending",
    };
    this.#workers.set(identity.id, addBeat(before ?? noEnergy, beat, this.#longestGapMs));
    const [oldest] = this.#workers.keys();
    if (this.#workers.size > maxWorkers && oldest !== undefined) this.#workers.delete(oldest);
  }

  /** A worker has answered. One that has yet to beat has yet to count. */
  answered(workerId: string, usage: TokenUse): void {
    const before = this.#workers.get(workerId);
    if (before !== undefined) this.#workers.set(workerId, addTokens(before, usage));
  }

  of(workerId: string): Energy {
    return this.#workers.get(workerId) ?? noEnergy;
  }

  all(): readonly Energy[] {
    return [...this.#workers.values()];
  }
}
