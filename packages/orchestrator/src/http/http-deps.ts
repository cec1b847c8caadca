import type { Clock, Log } from "@muster/base";
import type { FileStore } from "../flows/batches/file-store.ts";
import type { EnergyBook } from "../flows/energy-book.ts";
import type { FleetRegistry } from "../flows/fleet-registry.ts";
import type { RequestDesk } from "../flows/request-desk.ts";
import type { ServedModels } from "../flows/served-models.ts";
import type { Batches } from "../ports/batches.ts";
import type { Metrics } from "../ports/metrics.ts";

/** Files, and the batches that are made of them. */
export interface BatchingDeps {
  readonly files: FileStore;
  readonly desk: Batches;
  readonly limits: { readonly maxFileBytes: number };
}

/** What the routes are given by the composition. */
export interface HttpDeps {
  readonly desk: RequestDesk;
  readonly fleet: FleetRegistry;
  readonly energy: EnergyBook;
  /** Of a kilowatt-hour, in any currency; undefined: costs are not told. */
  readonly pricePerKwh: number | undefined;
  readonly served: ServedModels;
  readonly batches: BatchingDeps;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly apiKeys: readonly string[];
  readonly bodyLimitBytes: number;
  readonly queueTimeoutMs: number;
  /** Monotonic. */
  readonly startedAtMs: number;
  readonly startedWallMs: number;
  /** A unique id with this prefix: `chatcmpl-...`. */
  readonly newId: (prefix: string) => string;
  readonly randomSeed: () => number;
  readonly scrape: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Why this orchestrator should get no traffic now, or undefined. */
  readonly unreadyBecause: () => string | undefined;
}
