import { Command } from "commander";
import type { CommandIo } from "../command-io.ts";

/** `muster worker build-engine`: compiles the engine for this machine's processor. */
export function buildEngineCommand(io: CommandIo): Command {
  return new Command("build-engine")
    .description(
      "compile the engine for this machine's processor: faster than the prebuilt one where there is no GPU (takes about 10 minutes, needs cmake, git and a C++ compiler, no network)",
    )
    .action(async () => {
      const { buildEngine } = await import("@muster/worker");
      const abort = new AbortController();
      const removeListener = io.onInterrupt?.(() => abort.abort());
      const { addonPath } = await buildEngine(io.env, {
        onProgress: progressPrinter(io),
        signal: abort.signal,
      }).finally(() => removeListener?.());
      io.stdout.write(
        `Built ${addonPath}.\nWorkers without a GPU use it for every model they load from now on.\n`,
      );
    });
}

/** A line for each step, and for each tenth of a long one. */
function progressPrinter(io: CommandIo): (step: string, fraction: number) => void {
  let last = "";
  return (step, fraction) => {
    const tenths = Math.floor(fraction * 10);
    const line = tenths === 0 ? `${step}...` : `${step}: ${tenths * 10} %`;
    if (line !== last) io.stderr.write(`${line}\n`);
    last = line;
  };
}
