import { MusterError } from "@muster/base";
import { defaultModelName, type ExpectedFile, parseModelUri } from "@muster/models";
import type { OrderedFiles } from "./adapters/disk/ordered-files.ts";
import type { WorkerConfig } from "./config.ts";
import type { LoadOrder } from "./core/link-messages.ts";
import type { ReplicaSpec } from "./flows/replica-keeper.ts";

/** What an orchestrator has ordered. Throws MusterError `invalid_request` for what it may not order, or a URI that is none. */
export function orderedSpec(
  config: WorkerConfig,
  order: LoadOrder,
  files: Pick<OrderedFiles, "check">,
): ReplicaSpec {
  refuseUpstream(order.modelUri);
  for (const uri of [order.modelUri, order.projectorUri]) if (uri !== undefined) files.check(uri);
  const { replicaId, modelUri: uri, sha256, bytes, ...wanted } = order;
  return specOf(config, { ...wanted, replicaId, uri, expected: { sha256, bytes }, isFixed: false });
}

/** An address of this machine's network, and the key that goes there, are the worker's owner's to name. */
function refuseUpstream(uri: string): void {
  if (parseModelUri(uri).kind !== "openai") return;
  throw new MusterError(
    "invalid_request",
    "An orchestrator may not send a worker to an upstream: name it on the worker, with muster worker openai:….",
    { param: "model" },
  );
}

/** Model files that this worker cannot do without. */
export function neededUris(config: WorkerConfig, loaded: readonly string[]): readonly string[] {
  return [...loaded, ...[config.mmproj, config.draft].filter((uri) => uri !== undefined)];
}

/** Throws MusterError `invalid_request` for a URI that is none. */
export function specOf(
  config: WorkerConfig,
  wanted: {
    readonly replicaId: string;
    readonly uri: string;
    readonly model: string | undefined;
    readonly slots?: number | undefined;
    readonly contextTokens?: number | undefined;
    readonly variant?: string | undefined;
    readonly gpuLayers?: number | undefined;
    readonly isCpuOnly?: boolean | undefined;
    readonly projectorUri?: string | undefined;
    readonly expected?: ExpectedFile;
    readonly isFixed: boolean;
  },
): ReplicaSpec {
  const { threads } = config;
  return {
    replicaId: wanted.replicaId,
    model: wanted.model ?? defaultModelName(parseModelUri(wanted.uri)),
    modelUri: wanted.uri,
    slots: wanted.slots ?? config.slots,
    contextTokens: wanted.contextTokens ?? config.contextTokens,
    threads,
    gpu: wanted.isCpuOnly === true ? "off" : config.gpu,
    gpuLayers: wanted.gpuLayers,
    projectorUri: wanted.projectorUri,
    variant: wanted.variant,
    expected: wanted.expected,
    isFixed: wanted.isFixed,
  };
}
