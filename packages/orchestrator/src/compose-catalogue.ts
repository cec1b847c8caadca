import type { Background, Clock, Lifecycle, Log } from "@muster/base";
import { openModelInspector } from "@muster/models";
import { sha256 } from "./adapters/common/sha256.ts";
import type { OrchestratorConfig } from "./config.ts";
import { CatalogueStore } from "./flows/catalogue/catalogue-records.ts";
import type { FleetOutlook } from "./flows/catalogue/fleet-outlook.ts";
import { ModelCatalogue } from "./flows/catalogue/model-catalogue.ts";
import { type Capacity, ModelResolver, type ServedNames } from "./flows/catalogue/model-resolver.ts";
import type { ObjectStore } from "./ports/object-store.ts";

export interface StartedCatalogue {
  readonly catalogue: ModelCatalogue;
  /** Makes names models among what is served, by whoever knows that. */
  resolverFor(served: ServedNames): ModelResolver;
}

/** Builds the catalogue of models, and reads what was changed about it. */
export async function startCatalogue(deps: {
  readonly config: OrchestratorConfig;
  readonly store: ObjectStore;
  readonly outlook: FleetOutlook;
  readonly capacity: Capacity;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): Promise<StartedCatalogue> {
  const { config, store, outlook, capacity, clock, log, background, lifecycle } = deps;
  const catalogue = new ModelCatalogue({
    records: new CatalogueStore({ store, digest: sha256, log }),
    inspector: openModelInspector(config, log),
    builtIn: config.catalogue,
    ...{ clock, log, background },
  });
  await catalogue.start();
  lifecycle.onStop("catalogue", () => catalogue.stop());
  return {
    catalogue,
    resolverFor: (served) => new ModelResolver({ catalogue, served, outlook, capacity }),
  };
}
