import type { Background, Clock, Lifecycle, Log } from "@muster/base";
import { createDiskBlobSource } from "./adapters/disk/blob-source.ts";
import type { OrchestratorConfig } from "./config.ts";
import type { FleetRegistry } from "./flows/fleet-registry.ts";
import { KnownFiles } from "./flows/known-files.ts";
import { Mirror } from "./flows/mirror.ts";
import { MirrorDesk } from "./flows/mirror-desk.ts";
import type { ModelFinder } from "./ports/model-finder.ts";

/** Where models have no names. */
const noModels: ModelFinder = { find: () => [], fileOf: () => undefined, match: () => undefined };

export interface OfficeMirror {
  /** Undefined: it is off. */
  readonly mirror: Mirror | undefined;
  readonly desk: MirrorDesk | undefined;
  /** What workers are ordered to get, the mirror gets for them. */
  readonly known: KnownFiles;
}

/** The office mirror, if this orchestrator is to have one. */
export function startMirror(deps: {
  readonly config: OrchestratorConfig;
  readonly fleet: FleetRegistry;
  /** Models by name; undefined: only URIs are known. */
  readonly models?: ModelFinder | undefined;
  /** Sources whose files stay whatever happens. */
  readonly isKept?: (source: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): OfficeMirror {
  const { config, fleet, models = noModels, isKept = () => false, clock, log, background, lifecycle } = deps;
  const known = new KnownFiles();
  if (!config.isMirrorOn) return { mirror: undefined, desk: undefined, known };
  const source = createDiskBlobSource({
    directory: config.mirrorDirectory,
    budgetBytes: config.mirrorDiskBytes,
    huggingFaceEndpoint: config.huggingFaceEndpoint,
    huggingFaceToken: config.huggingFaceToken,
    fetchHosts: config.fetchHosts,
    isKept,
    log,
  });
  const allowed = (uri: string) => models.fileOf(uri) ?? known.find(uri);
  const mirror = new Mirror({ source, allowed, clock, log });
  lifecycle.onStop("mirror", () => mirror.close());
  return { mirror, desk: new MirrorDesk({ mirror, models, known, fleet, background, log }), known };
}
