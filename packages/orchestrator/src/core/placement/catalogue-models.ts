import type { ModelEntry, ModelVariant } from "@muster/models";
import type { Pin, PlacementModel, PlacementVariant } from "./fleet-state.ts";

/** Less context than this is of no use to people who chat. */
const leastContextTokens = 2_048;
const mostSlots = 8;

/** A model of the catalogue, as placement looks at it. */
export function placementModel({
  entry,
  pin,
}: {
  readonly entry: ModelEntry;
  readonly pin: Pin | undefined;
}): PlacementModel {
  return {
    id: entry.id,
    variants: entry.variants.map(placementVariant),
    contextTokens: entry.contextTokens,
    leastContextTokens: Math.min(entry.contextTokens, leastContextTokens),
    mostSlots,
    pin,
    // Where it is pinned, it is pinned to: elsewhere it goes only for want of such a worker.
    requires: {},
  };
}

function placementVariant({ id, uri, sha256, bytes, profile, projector }: ModelVariant): PlacementVariant {
  return {
    ...{ id, uri, sha256, fileBytes: bytes, profile },
    projectorUri: projector?.uri,
    projectorBytes: projector?.bytes,
  };
}
