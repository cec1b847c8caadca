import { printableText } from "@muster/base";
import type { ReplicaReport } from "@muster/worker";
import type { CommandIo } from "./command-io.ts";
import { formatBytes } from "./format.ts";

/** Tells people what becomes of a worker's models: fetched, served, failed. `onReady` adds to the good news. */
export function replicaPrinter(
  io: Pick<CommandIo, "stdout" | "stderr">,
  onReady: (model: string) => string = () => "",
): (report: ReplicaReport) => void {
  return ({ state, model, progress, slots, contextTokens, fileBytes, backend, failure }) => {
    const name = printableText(model);
    if (state === "ready") {
      const size = fileBytes > 0 ? `${formatBytes(fileBytes)} on ${backend}, ` : "";
      io.stdout.write(
        `Serving "${name}" (${size}${slots} slots of ${contextTokens} tokens).${onReady(name)}\n`,
      );
    } else if (failure !== undefined) {
      io.stderr.write(`muster: "${name}" ${state}: ${printableText(failure.message)}\n`);
    } else if (state === "fetching" && progress > 0) {
      io.stderr.write(`fetching "${name}": ${Math.round(progress * 100)} %\n`);
    }
  };
}
