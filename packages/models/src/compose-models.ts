import { homedir } from "node:os";
import { type Clock, type Env, type Log, systemClock } from "@muster/base";
import { defaultModelDirectory as platformModelDirectory } from "./adapters/disk/default-directory.ts";
import { createDiskFileStore } from "./adapters/disk/file-store.ts";
import { DiskModelShelf } from "./adapters/disk/model-shelf.ts";
import { createDiskModelStore } from "./adapters/disk/model-store.ts";
import { localSegments, storePath } from "./adapters/disk/store-path.ts";
import { createFeedOrigin } from "./adapters/feed/feed-origin.ts";
import { createModelDownload } from "./adapters/http/model-download.ts";
import { createModelInspector } from "./adapters/http/model-inspector.ts";
import { createHuggingFaceHub } from "./adapters/hugging-face/hub.ts";
import { builtInModels } from "./built-in-models.ts";
import { type ReachSettings, reachOf } from "./compose-reach.ts";
import { createHubOrigin } from "./flows/hub-origin.ts";
import { createMirrorFirst, type FetchPolicy } from "./flows/mirror-first.ts";
import type { BlobFeed } from "./ports/blob-feed.ts";
import type { ModelFileStore } from "./ports/model-file-store.ts";
import type { ModelInspector } from "./ports/model-inspector.ts";
import type { ModelOrigin } from "./ports/model-origin.ts";
import type { ModelShelf } from "./ports/model-shelf.ts";
import type { ModelStore } from "./ports/model-store.ts";

export interface ModelStoreSettings extends ReachSettings {
  /** Undefined: the cache folder of the platform. */
  readonly modelDirectory: string | undefined;
  readonly huggingFaceToken: string | undefined;
  readonly env: Env;
}

/** Where models are kept unless `--model-dir` says otherwise. */
export function defaultModelDirectory(env: Env): string {
  return platformModelDirectory(env, process.platform, homedir());
}

/** The model store of this machine: files on disk, fetched from Hugging Face or any HTTPS address. */
export function openModelStore(settings: ModelStoreSettings, log: Log): ModelStore {
  return createDiskModelStore({
    directory: directoryOf(settings),
    origin: hubOrigin(settings, log),
    log,
    builtIn: builtInModels,
  });
}

export interface ModelDiskOptions {
  readonly log: Log;
  readonly clock?: Clock;
  /** What model files may take; undefined: the disk, but for a reserve. */
  readonly budgetBytes: number | undefined;
  /** Sources that stay whatever happens. */
  readonly isKept: (source: string) => boolean;
}

/** A worker's model files: from the office mirror first, within a budget. */
export function openWorkerModels(
  settings: ModelStoreSettings,
  options: ModelDiskOptions & {
    readonly policy: FetchPolicy;
    readonly feed: BlobFeed;
    readonly hasMirror: () => boolean | undefined;
  },
): { readonly store: ModelStore; readonly shelf: ModelShelf } {
  const { log, policy, feed, hasMirror, clock = systemClock } = options;
  const directory = directoryOf(settings);
  const shelf = new DiskModelShelf({ ...options, directory });
  const mirror = createFeedOrigin({ feed, log, clock });
  const hub = hubOrigin(settings, log);
  const origin = createMirrorFirst({ mirror, hub, policy, hasMirror, clock, log });
  return { store: createDiskModelStore({ directory, origin, shelf, log, builtIn: builtInModels }), shelf };
}

/** The office mirror's model files: from the hub, one file at a time, within a budget. */
export function openMirrorModels(
  settings: Omit<ModelStoreSettings, "modelDirectory" | "env"> & { readonly directory: string },
  options: ModelDiskOptions,
): { readonly files: ModelFileStore; readonly shelf: ModelShelf } {
  const { directory } = settings;
  const shelf = new DiskModelShelf({ ...options, directory });
  const origin = hubOrigin(settings, options.log);
  return { files: createDiskFileStore({ directory, origin, shelf, log: options.log }), shelf };
}

function directoryOf(settings: ModelStoreSettings): string {
  return settings.modelDirectory ?? defaultModelDirectory(settings.env);
}

type HubSettings = ReachSettings & Pick<ModelStoreSettings, "huggingFaceToken">;

function hubOrigin(settings: HubSettings, log: Log): ModelOrigin {
  const reach = reachOf(settings);
  return createHubOrigin({
    hub: createHuggingFaceHub({
      endpoint: settings.huggingFaceEndpoint,
      token: settings.huggingFaceToken,
      ...{ reach, log },
    }),
    download: createModelDownload({ reach, log }),
  });
}

/** What looks at model files before anybody fetches them. */
export function openModelInspector(
  settings: HubSettings & {
    /** The office mirror's; undefined: there is none. */
    readonly mirrorDirectory?: string | undefined;
  },
  log: Log,
): ModelInspector {
  const { huggingFaceEndpoint: endpoint, huggingFaceToken: token } = settings;
  const reach = reachOf(settings);
  const hub = createHuggingFaceHub({ endpoint, token, reach, log });
  const { mirrorDirectory } = settings;
  return createModelInspector({
    ...{ hub, reach, log, builtIn: builtInModels },
    localPath:
      mirrorDirectory === undefined
        ? undefined
        : ({ file }) => storePath(mirrorDirectory, localSegments(file)),
  });
}
