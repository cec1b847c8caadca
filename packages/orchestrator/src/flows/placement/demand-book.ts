import type { Clock } from "@muster/base";
import type { LaneClass } from "../../core/lane.ts";
import type { ModelDemand } from "../../core/placement/fleet-state.ts";
import type { AskedModel } from "../../ports/model-directory.ts";

/** How much the latest answer counts in what an answer usually takes. */
const smoothing = 0.1;
/** Models that nobody has asked for in this time are forgotten. */
const forgetMs = 7 * 86_400_000;

interface Remembered {
  lastAskedAtMs: number;
  serviceMs: number | undefined;
}

/** What is asked of one model by those whose home is here. */
export interface AskedHere {
  readonly waiting: Readonly<Record<LaneClass, number>>;
  readonly running: Readonly<Record<LaneClass, number>>;
  /** 0 where nobody waits. */
  readonly oldestWaitMs: number;
}

interface DemandSources {
  /** Requests, by model. */
  readonly requests: () => ReadonlyMap<string, AskedHere>;
  /** Lines of batches that this orchestrator drives and that have no answer yet, by model. */
  readonly lines: () => ReadonlyMap<string, number>;
  /** What other orchestrators say is asked of them. */
  readonly elsewhere: () => ReadonlyMap<string, AskedModel>;
  readonly slotsElsewhere: (model: string) => number;
  readonly comingElsewhere: (model: string) => number;
}

/** What is asked of each model over the whole cluster, and how long an answer takes. */
export class DemandBook {
  readonly #clock: Clock;
  readonly #sources: DemandSources;
  readonly #remembered = new Map<string, Remembered>();
  /** Since when lines of batches ask for a model: they wait as people do, with more patience. */
  readonly #linesSinceMs = new Map<string, number>();

  constructor(deps: { readonly clock: Clock } & DemandSources) {
    this.#clock = deps.clock;
    this.#sources = deps;
  }

  /** An answer of this model held a slot for so long. */
  served(model: string, durationMs: number): void {
    const known = this.#remember(model);
    const before = known.serviceMs ?? durationMs;
    known.serviceMs = before + smoothing * (durationMs - before);
  }

  /** What those whose home is here ask for: for other orchestrators to hear. */
  here(): ReadonlyMap<string, AskedModel> {
    const requests = this.#sources.requests();
    const lines = this.#sources.lines();
    const nowMs = this.#clock.nowMs();
    for (const model of this.#linesSinceMs.keys()) if (!lines.get(model)) this.#linesSinceMs.delete(model);
    const linesWaitMs = (model: string): number => {
      if (!lines.get(model)) return 0;
      const sinceMs = this.#linesSinceMs.get(model) ?? nowMs;
      this.#linesSinceMs.set(model, sinceMs);
      return nowMs - sinceMs;
    };
    return new Map(
      [...new Set([...requests.keys(), ...lines.keys()])].map((model): [string, AskedModel] => {
        const asked = requests.get(model);
        return [
          model,
          {
            interactiveWaiting: asked?.waiting.interactive ?? 0,
            interactiveRunning: asked?.running.interactive ?? 0,
            batchWaiting: (asked?.waiting.batch ?? 0) + (lines.get(model) ?? 0),
            batchRunning: asked?.running.batch ?? 0,
            // Where people wait, their turn is told by them: lines have been there for hours.
            oldestWaitMs: asked?.waiting.interactive
              ? asked.oldestWaitMs
              : Math.max(asked?.oldestWaitMs ?? 0, linesWaitMs(model)),
          },
        ];
      }),
    );
  }

  /** Everything that is asked for, or was until lately; sorted by model. */
  list(): ModelDemand[] {
    const nowMs = this.#clock.nowMs();
    const here = this.here();
    const elsewhere = this.#sources.elsewhere();
    for (const model of [...here.keys(), ...elsewhere.keys()]) this.#remember(model);
    for (const [model, { lastAskedAtMs }] of this.#remembered)
      if (nowMs - lastAskedAtMs > forgetMs) this.#remembered.delete(model);
    return [...this.#remembered]
      .map(([model, { lastAskedAtMs, serviceMs }]): ModelDemand => {
        const all = [here.get(model), elsewhere.get(model)].filter((asked) => asked !== undefined);
        const sum = (count: (asked: AskedModel) => number) =>
          all.reduce((total, asked) => total + count(asked), 0);
        return {
          model,
          interactiveWaiting: sum((asked) => asked.interactiveWaiting),
          interactiveRunning: sum((asked) => asked.interactiveRunning),
          batchWaiting: sum((asked) => asked.batchWaiting),
          batchRunning: sum((asked) => asked.batchRunning),
          oldestWaitMs: Math.max(0, ...all.map((asked) => asked.oldestWaitMs)),
          serviceMs,
          lastAskedAtMs,
          slotsElsewhere: this.#sources.slotsElsewhere(model),
          comingElsewhere: this.#sources.comingElsewhere(model),
        };
      })
      .sort((a, b) => (a.model < b.model ? -1 : 1));
  }

  #remember(model: string): Remembered {
    const nowMs = this.#clock.nowMs();
    const known = this.#remembered.get(model) ?? { lastAskedAtMs: nowMs, serviceMs: undefined };
    known.lastAskedAtMs = nowMs;
    this.#remembered.set(model, known);
    return known;
  }
}
