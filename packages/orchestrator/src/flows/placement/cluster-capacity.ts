import type { Loadable } from "../../core/families/choose-member.ts";
import type { Capacity } from "../catalogue/model-resolver.ts";
import type { ServedModels } from "../served-models.ts";
import type { ModelPlacer } from "./place-models.ts";

/** What the workers of all orchestrators could load. */
export class ClusterCapacity implements Capacity {
  readonly #placer: ModelPlacer;
  readonly #served: ServedModels;
  readonly #noteName: (name: string) => void;

  constructor(deps: {
    readonly placer: ModelPlacer;
    readonly served: ServedModels;
    /** Told of each name that is asked about. */
    readonly noteName: (name: string) => void;
  }) {
    this.#noteName = deps.noteName;
    this.#placer = deps.placer;
    this.#served = deps.served;
  }

  couldRun(model: string): Loadable {
    this.#noteName(model);
    const here = this.#placer.couldRun(model);
    const elsewhereMs = this.#served.loadableElsewhere(model);
    if (elsewhereMs === undefined) return here;
    return { kind: "yes", loadMs: here.kind === "yes" ? Math.min(here.loadMs, elsewhereMs) : elsewhereMs };
  }
}
