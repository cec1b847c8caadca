import { homedir } from "node:os";
import type { Env, Log } from "@muster/base";
import { defaultModelDirectory as platformModelDirectory } from "./adapters/disk/default-directory.ts";
import { createDiskModelStore } from "./adapters/disk/model-store.ts";
import { createModelDownload } from "./adapters/http/model-download.ts";
import { createModelInspector } from "./adapters/http/model-inspector.ts";
import { createHuggingFaceHub } from "./adapters/hugging-face/hub.ts";
import { builtInModels } from "./built-in-models.ts";
import type { ModelInspector } from "./ports/model-inspector.ts";
import type { ModelStore } from "./ports/model-store.ts";

export interface ModelStoreSettings {
  /** Undefined: the cache folder of the platform. */
  readonly modelDirectory: string | undefined;
  readonly huggingFaceEndpoint: string | undefined;
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
    directory: settings.modelDirectory ?? defaultModelDirectory(settings.env),
    hub: createHuggingFaceHub({
      endpoint: settings.huggingFaceEndpoint,
      token: settings.huggingFaceToken,
      log,
    }),
    download: createModelDownload({ log }),
    log,
    builtIn: builtInModels,
  });
}

/** What looks at model files before anybody fetches them. */
export function openModelInspector(
  settings: Pick<ModelStoreSettings, "huggingFaceEndpoint" | "huggingFaceToken">,
  log: Log,
): ModelInspector {
  const { huggingFaceEndpoint: endpoint, huggingFaceToken: token } = settings;
  const hub = createHuggingFaceHub({ endpoint, token, log });
  return createModelInspector({ hub, log, builtIn: builtInModels });
}
