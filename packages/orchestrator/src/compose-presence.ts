import type { Background, Clock, Lifecycle, Log } from "@muster/base";
import { sha256 } from "./adapters/common/sha256.ts";
import { createWeekClock } from "./core/fleet/week-clock.ts";
import type { FleetRegistry } from "./flows/fleet-registry.ts";
import { PresenceKeeper } from "./flows/presence-keeper.ts";
import { PresenceStore } from "./flows/presence-store.ts";
import type { ObjectStore } from "./ports/object-store.ts";

/** Builds what learns when workers are lent, and sets it going. */
export async function startPresence(deps: {
  readonly self: string;
  readonly timeZone: string;
  readonly store: ObjectStore;
  readonly fleet: FleetRegistry;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): Promise<PresenceKeeper> {
  const { self, timeZone, store, fleet, clock, log, background, lifecycle } = deps;
  const keeper = new PresenceKeeper({
    ...{ self, clock, log, background, random: Math.random },
    workers: () => fleet.workers(),
    store: new PresenceStore({ store, digest: sha256, log }),
    week: createWeekClock(timeZone),
  });
  await keeper.start();
  lifecycle.onStop("presence", () => keeper.stop());
  return keeper;
}
