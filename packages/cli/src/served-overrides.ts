import type { Log } from "@muster/base";
import type { WorkerOverrides } from "@muster/worker";
import type { CommandIo } from "./command-io.ts";
import { modelArgument } from "./model-argument.ts";
import { given } from "./service-options.ts";

/** The settings of a worker that serves the model of this name, URI or path. Tells on standard error what it has chosen. */
export async function servedOverrides(
  io: CommandIo,
  wanted: {
    readonly text: string;
    /** The name that the owner wants it served under. */
    readonly name: string | undefined;
    readonly overrides: WorkerOverrides;
    readonly log: Log;
  },
): Promise<Pick<WorkerOverrides, "models" | "slots" | "contextTokens">> {
  const { text, name, overrides, log } = wanted;
  const { loadWorkerConfig, probeFreeMemory } = await import("@muster/worker");
  const settings = loadWorkerConfig(overrides, io.env);
  const { slots, contextTokens, says, ...offer } = await modelArgument(text, {
    ...{ name, slots: settings.slots, contextTokens: settings.contextTokens },
    freeMemory: () => probeFreeMemory(settings, log),
  });
  if (says !== undefined) io.stderr.write(`muster: ${says}\n`);
  return { models: [offer], ...given({ slots, contextTokens }) };
}
