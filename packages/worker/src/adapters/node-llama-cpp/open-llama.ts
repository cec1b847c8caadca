import { createRequire } from "node:module";
import { getLlama, Llama, type LlamaLogLevel, type LlamaOptions } from "node-llama-cpp";

export interface OpenLlamaOptions {
  readonly gpu: "auto" | "off";
  readonly maxThreads: number;
  readonly logLevel: LlamaLogLevel;
  readonly logger: (level: LlamaLogLevel, message: string) => void;
  /** The engine compiled for this processor; undefined: there is none. */
  readonly addonPath: string | undefined;
}

/** `compiled` is our own build for this processor. */
export interface OpenedLlama {
  readonly llama: Llama;
  readonly build: "compiled" | "prebuilt";
}

/** Opens the library: with a GPU where one is wanted and found, else as compiled here, else as it was shipped. */
export async function openLlama(options: OpenLlamaOptions): Promise<OpenedLlama> {
  if (options.gpu === "auto") {
    const llama = await openPrebuilt("auto", options);
    if (llama.gpu !== false || options.addonPath === undefined) return { llama, build: "prebuilt" };
    await llama.dispose();
  }
  const compiled =
    options.addonPath === undefined ? undefined : await openCompiled(options.addonPath, options);
  if (compiled !== undefined) return { llama: compiled, build: "compiled" };
  return { llama: await openPrebuilt(false, options), build: "prebuilt" };
}

function openPrebuilt(
  gpu: "auto" | false,
  { maxThreads, logLevel, logger }: OpenLlamaOptions,
): Promise<Llama> {
  return getLlama({ gpu, build: "never", skipDownload: true, maxThreads, logLevel, logger });
}

/** What getLlama does with a local build; it looks for one in its own package folder only. */
async function openCompiled(addonPath: string, options: OpenLlamaOptions): Promise<Llama | undefined> {
  try {
    const create = (Llama as unknown as { readonly _create: (parts: CreateParts) => Promise<Llama> })._create;
    return await create.call(Llama, {
      bindings: createRequire(import.meta.url)(addonPath) as unknown,
      bindingPath: addonPath,
      buildType: "localBuild",
      buildMetadata: {
        buildOptions: { customCmakeOptions: {}, gpu: false, llamaCpp: { repo: "", release: "" } },
      },
      logLevel: options.logLevel,
      logger: options.logger,
      maxThreads: options.maxThreads,
      vramPadding: 0,
      ramPadding: 0,
      debug: false,
      numa: false,
      tempDir: false,
    });
  } catch (error) {
    process.stderr.write(
      `warn: the compiled engine ${addonPath} cannot be used, the prebuilt one takes its place: ${String(error)}\n`,
    );
    return undefined;
  }
}

interface CreateParts extends Pick<LlamaOptions, "logger" | "vramPadding" | "ramPadding" | "debug"> {
  readonly bindings: unknown;
  readonly bindingPath: string;
  readonly buildType: "localBuild";
  readonly buildMetadata: unknown;
  readonly logLevel: LlamaLogLevel;
  readonly maxThreads: number;
  readonly numa: false;
  readonly tempDir: false;
}
