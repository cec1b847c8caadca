import type { EngineLoadSpec } from "../../ports/engine.ts";
import type { ModelMode } from "./model-mode.ts";
import { isQuietByDefault } from "./thinking-default.ts";

export interface ServerArguments {
  readonly spec: EngineLoadSpec;
  readonly mode: ModelMode;
  readonly contextTokens: number;
  readonly threads: number;
  readonly mmprojPath: string | undefined;
  readonly draftPath: string | undefined;
  /** The owner's, which win over ours except for where the server listens. */
  readonly extra: readonly string[];
  readonly listen: { readonly host: string; readonly port: number | undefined };
  /** What the program knows. */
  readonly flags: ReadonlySet<string>;
}

/** The command line of a llama-server that serves one model to this worker alone. */
export function serverArguments(given: ServerArguments): readonly string[] {
  const { spec, mode, contextTokens, threads, flags, listen } = given;
  const ifKnown = (...args: readonly string[]) => (flags.has(args[0] ?? "") ? args : []);
  return [
    ...["--model", spec.modelPath],
    // A context of its own for each slot: no answer takes another's room.
    ...["--ctx-size", String(contextTokens * spec.slots), "--parallel", String(spec.slots)],
    ...["--threads", String(threads), "--threads-batch", String(threads)],
    ...gpuArguments(spec, ifKnown),
    ...taskArguments(mode, contextTokens),
    ...(mode.task === "generate" && isQuietByDefault(mode.chatTemplate ?? "")
      ? ifKnown("--reasoning", "off")
      : []),
    ...visionArguments(given),
    ...(given.draftPath === undefined
      ? []
      : ["--model-draft", given.draftPath, ...ifKnown("--spec-type", "draft-simple")]),
    // An assistant's message at the end is a message, not a beginning to be continued.
    ...ifKnown("--no-prefill-assistant"),
    // Nothing that shows prompts, nothing that reaches out.
    ...ifKnown("--no-webui"),
    ...ifKnown("--no-slots"),
    ...ifKnown("--offline"),
    ...given.extra,
    ...["--host", listen.host],
    ...(listen.port === undefined ? [] : ["--port", String(listen.port)]),
  ];
}

function gpuArguments(
  { gpu, gpuLayers }: EngineLoadSpec,
  ifKnown: (...args: readonly string[]) => readonly string[],
): readonly string[] {
  if (gpu === "off") return ["--n-gpu-layers", "0", ...ifKnown("--device", "none")];
  return gpuLayers === undefined ? [] : ["--n-gpu-layers", String(gpuLayers)];
}

function taskArguments({ task }: ModelMode, contextTokens: number): readonly string[] {
  if (task === "generate") return ["--jinja"];
  // What is pooled must fit into one batch.
  const batch = ["--batch-size", String(contextTokens), "--ubatch-size", String(contextTokens)];
  return [task === "embed" ? "--embeddings" : "--reranking", ...batch];
}

function visionArguments({ mmprojPath, spec }: ServerArguments): readonly string[] {
  if (mmprojPath === undefined) return [];
  return ["--mmproj", mmprojPath, ...(spec.gpu === "off" ? ["--no-mmproj-offload"] : [])];
}
