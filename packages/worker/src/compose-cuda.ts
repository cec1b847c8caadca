import { type Env, type Log, MusterError, readText } from "@muster/base";
import { createModelDownload, hostsOf, reachOf } from "@muster/models";
import type { PackageEntries } from "./adapters/common/engine-packages/entries.ts";
import { cudaArchiveHashes } from "./adapters/cuda/archive-hashes.ts";
import { ensureCudaPackages } from "./adapters/cuda/fetch-packages.ts";
import { findCudaRuntime, listFolder } from "./adapters/cuda/find-runtime.ts";
import { libraryVersion } from "./adapters/node-llama-cpp/engine-binary.ts";

const defaultRegistry = "https://registry.npmjs.org";

/**
 * Where this machine has the CUDA runtime: the engine's CUDA build, fetched from the npm registry the first time
 * (140 to 320 MB). Where it cannot be fetched the engine goes on with Vulkan or the CPU, and the log says why.
 */
export async function fetchCudaBuild(options: {
  readonly directory: string;
  readonly env: Env;
  readonly log: Log;
  readonly signal: AbortSignal;
}): Promise<PackageEntries> {
  const { directory, env, log, signal } = options;
  const { platform, arch } = process;
  const major = await findCudaRuntime({ platform, env, list: listFolder });
  if (major === undefined) return {};
  const registry =
    readText(env, "NPM_CONFIG_REGISTRY") ?? readText(env, "npm_config_registry") ?? defaultRegistry;
  try {
    return await ensureCudaPackages(
      major,
      {
        directory,
        registry,
        version: libraryVersion(),
        hashes: cudaArchiveHashes,
        platform,
        arch,
        download: createModelDownload({
          reach: reachOf({ fetchHosts: hostsOf([registry]), huggingFaceEndpoint: undefined }),
          log,
        }),
        log,
      },
      { signal, onProgress: () => {} },
    );
  } catch (error) {
    const { message } = MusterError.from(error);
    log.warn({ cuda: major, reason: message }, "no CUDA build of the engine, going on without");
    return {};
  }
}
