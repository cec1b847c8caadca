import type { Clock, Log } from "@muster/base";
import type { ReplicaEntry } from "./fleet-entries.ts";

interface BreakerWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Another number of the model's replicas is to get work. */
  readonly onChange: (model: string) => void;
  /** A replica of the model may be probed: somebody may wait for its slot. */
  readonly onProbeDue: (model: string) => void;
}

/** Tells of breakers that have opened or closed, and when one that is open lets a probe through. */
export class BreakerWatch {
  readonly #deps: BreakerWatchDeps;
  readonly #timers = new Set<() => void>();

  constructor(deps: BreakerWatchDeps) {
    this.#deps = deps;
  }

  changed({ health, workerId, replicaId, report: { model } }: ReplicaEntry): void {
    const { clock, log, onChange, onProbeDue } = this.#deps;
    const nowMs = clock.nowMs();
    const { breaker, breakerReason } = health.view(nowMs);
    log.info({ workerId, replicaId, model, breaker, reason: breakerReason }, "replica breaker");
    if (health.isOpen) {
      const stop = clock.after(health.probeAtMs - nowMs, () => {
        this.#timers.delete(stop);
        onProbeDue(model);
      });
      this.#timers.add(stop);
    }
    onChange(model);
  }

  stop(): void {
    for (const stop of this.#timers) stop();
    this.#timers.clear();
  }
}
