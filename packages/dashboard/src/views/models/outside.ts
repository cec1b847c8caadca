import type { CatalogueModel, LiveReplica, LiveWorker } from "@muster/sdk";
import { count } from "../../format/numbers.ts";
import { isInUse, type ModelFilter } from "./families.ts";

/** What a worker serves by a name of its own: a file, an engine that it asks. */
export interface OutsideModel {
  readonly model: string;
  readonly places: readonly Place[];
  /** Of all places that are ready. */
  readonly slots: number;
  readonly slotsUsed: number;
}

export interface Place {
  readonly worker: LiveWorker;
  readonly replica: LiveReplica;
}

/** Models that workers have and the catalogue does not know, by name. A lost worker serves nothing. */
export function outsideModelsOf(
  workers: Iterable<LiveWorker>,
  models: readonly CatalogueModel[],
): OutsideModel[] {
  const known = new Set(models.flatMap(({ id, aliases }) => [id, ...aliases]));
  const places = new Map<string, Place[]>();
  for (const worker of workers) {
    if (worker.state === "lost") continue;
    for (const replica of worker.replicas) {
      if (known.has(replica.model) || replica.state === "unloaded") continue;
      places.set(replica.model, [...(places.get(replica.model) ?? []), { worker, replica }]);
    }
  }
  return [...places]
    .map(([model, all]) => outsideModel(model, all))
    .sort((one, other) => one.model.localeCompare(other.model, "en", { numeric: true }));
}

function outsideModel(model: string, places: readonly Place[]): OutsideModel {
  const ready = places.map(({ replica }) => replica).filter(({ state }) => state === "ready");
  return {
    model,
    places: places.toSorted((one, other) =>
      one.worker.name.localeCompare(other.worker.name, "en", { numeric: true }),
    ),
    slots: ready.reduce((sum, { slots }) => sum + slots, 0),
    slotsUsed: ready.reduce((sum, { slots_used: used }) => sum + used, 0),
  };
}

/** They are in use by being there, so only the text of a filter counts. */
export function matchingOutside(outside: readonly OutsideModel[], { text }: ModelFilter): OutsideModel[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return outside.filter(({ model }) => words.every((word) => model.toLowerCase().includes(word)));
}

/** How many there are, and how many of them are on a machine now. */
export function leadOf(models: readonly CatalogueModel[], outside: readonly OutsideModel[]): string {
  const used = models.filter(isInUse).length;
  const verb = used === 1 ? "is" : "are";
  const known = `${count(models.length, "model")} can be asked for by name; ${used === 0 ? "none is" : `${used} ${verb}`} loaded or pinned now.`;
  if (outside.length === 0) return known;
  const more = `${count(outside.length, "more model")} that ${outside.length === 1 ? "is" : "are"} not in the catalogue`;
  return `${known} Workers serve ${more}.`;
}
