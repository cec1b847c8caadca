import { deferred, type Env, type Log, MusterError, systemClock } from "@muster/base";
import type { Engine, EngineLoadSpec, EngineReplica, ReplicaInfo } from "../../ports/engine.ts";
import { hostEnvironment } from "../common/config.ts";
import type { EngineChildren } from "../common/engine-children.ts";
import type { PackageEntries } from "../common/engine-packages/entries.ts";
import { findChildEntry } from "./child-entry.ts";
import type { ChildLoadSpec, ChildMessage } from "./child-messages.ts";
import { findEngineBinary } from "./engine-binary.ts";
import { startEngineProcess } from "./engine-process.ts";
import { ChildReplica } from "./replica.ts";
import { createSandboxes, noSandbox, type Sandbox, type SandboxMode } from "./sandbox.ts";

export interface NodeLlamaCppEngineOptions {
  readonly log: Log;
  /** The child's built entry file; undefined: the one beside this module. */
  readonly childEntry?: string;
  /** Where the child's environment is taken from; undefined: this process's. */
  readonly env?: Env;
  /** Packages of the engine that were fetched for this machine; undefined: none. */
  readonly packages?: PackageEntries;
  /** Where `buildEngine` keeps what it compiled; undefined: the library as it was shipped. */
  readonly engineDirectory?: string;
  /** Told of every process that is started. */
  readonly children?: EngineChildren;
  /** How far the child stands back for other programs, 0 to 19; undefined: not at all. */
  readonly nice?: number;
  /** What its processes are started under; undefined: nothing but a cleaned environment. */
  readonly sandbox?: {
    readonly mode: SandboxMode;
    /** The path of a small model that is known to be sound, to find out what the engine runs under. */
    readonly probeModel: () => Promise<string>;
    /** What the engine computes on when nothing keeps it in; undefined: nobody knows. */
    readonly backend?: string | undefined;
  };
}

/** Runs GGUF models with llama.cpp, each in a child process of its own. */
export function createNodeLlamaCppEngine(options: NodeLlamaCppEngineOptions): Engine {
  const sandboxes = createSandboxes({
    mode: options.sandbox?.mode ?? "off",
    log: options.log,
    path: options.env?.["PATH"],
  });
  /** Those that a model was loaded under. */
  const proven = new Set<Sandbox>([noSandbox]);

  /** Compiled engines under which a process has died, where the prebuilt one did not or an instruction was missing. */
  const distrusted = new Set<string>();

  function compiledEngine(): string | undefined {
    const { engineDirectory } = options;
    const found = engineDirectory === undefined ? undefined : findEngineBinary(engineDirectory)?.addonPath;
    return found !== undefined && distrusted.has(found) ? undefined : found;
  }

  /** Loads under the strictest sandbox that the engine runs under. */
  async function loadKeptIn(attempt: LoadAttempt): Promise<LoadOutcome> {
    const { sandbox, signal, spec } = attempt;
    const outcome = await loadInChild(attempt);
    if (proven.has(sandbox) || signal.aborted) return outcome;
    const { backend = "cpu" } = options.sandbox ?? {};
    const lacksGpu =
      outcome.kind === "loaded" &&
      spec.gpu === "auto" &&
      backend !== "cpu" &&
      outcome.replica.info.backend === "cpu";
    if (outcome.kind === "loaded" && !lacksGpu) {
      proven.add(sandbox);
      return outcome;
    }
    if (!lacksGpu && (await isSound(attempt))) {
      proven.add(sandbox);
      return outcome;
    }
    if (outcome.kind === "loaded") await outcome.replica.close();
    sandboxes.rule(sandbox);
    return await loadKeptIn({ ...attempt, sandbox: await sandboxes.current() });
  }

  return {
    name: "node-llama-cpp",
    async load(spec, { signal, onProgress }) {
      if (signal.aborted) throw loadCancelled(spec);
      const log = options.log.child({ modelPath: spec.modelPath });
      const addonPath = compiledEngine();
      const asked = { spec, options, log, signal, onProgress };
      const attempt = { ...asked, sandbox: await sandboxes.current() };
      // It may have been given up meanwhile, and nothing tells of that again.
      if (signal.aborted) throw loadCancelled(spec);
      const first = await loadKeptIn({ ...attempt, addonPath });
      if (first.kind === "loaded") {
        const { replica } = first;
        if (addonPath !== undefined) {
          void replica.exited.then(({ detail }) => {
            if (detail === missingInstruction) distrusted.add(addonPath);
          });
        }
        return replica;
      }
      if (addonPath === undefined || !first.isKilled) throw first.error;
      log.warn({ addonPath, reason: first.error.message }, "compiled engine died, trying the prebuilt one");
      const second = await loadKeptIn({ ...attempt, addonPath: undefined });
      if (second.kind === "failed") throw second.error;
      distrusted.add(addonPath);
      return second.replica;
    },
  };
}

const probeMs = 60_000;
/** Between two signs of life of a load: the longest is the measuring of threads, in seconds. */
const silentLoadMs = 300_000;

/** Whether the engine runs under a sandbox that a load has failed under: whose fault was it? */
async function isSound(attempt: LoadAttempt): Promise<boolean> {
  const { probeModel } = attempt.options.sandbox ?? {};
  if (probeModel === undefined) return true;
  const spec: EngineLoadSpec = {
    ...{ modelPath: await probeModel(), slots: 1, contextTokens: 256, threads: 1 },
    gpu: "off",
  };
  const signal = AbortSignal.timeout(probeMs);
  const outcome = await loadInChild({ ...attempt, spec, signal, onProgress() {}, addonPath: undefined });
  if (outcome.kind === "loaded") await outcome.replica.close();
  return outcome.kind === "loaded";
}

/** As an exit tells that the processor lacks what was compiled for another. */
const missingInstruction = "signal SIGILL";

interface LoadAttempt {
  readonly spec: EngineLoadSpec;
  readonly options: NodeLlamaCppEngineOptions;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
  /** Undefined: the library as it was shipped. */
  readonly addonPath: string | undefined;
  readonly sandbox: Sandbox;
}

type LoadOutcome =
  | { readonly kind: "loaded"; readonly replica: EngineReplica }
  /** `isKilled`: a signal ended the process, as native code that goes wrong does. */
  | { readonly kind: "failed"; readonly error: MusterError; readonly isKilled: boolean };

async function loadInChild(attempt: LoadAttempt): Promise<LoadOutcome> {
  const { spec, options, log, signal, onProgress, addonPath } = attempt;
  const ready = deferred<ReplicaInfo>();
  let replica: ChildReplica | undefined;
  let isKilled = false;
  // A file may keep the library busy for ever: one that goes on says so.
  let stopTimer = () => {};
  const heard = () => {
    stopTimer();
    stopTimer = systemClock.after(silentLoadMs, () =>
      ready.reject(new MusterError("model_load_failed", `nothing went on for ${silentLoadMs / 1000} s`)),
    );
  };
  const onMessage = (message: ChildMessage): void => {
    if (replica === undefined) heard();
    switch (message.kind) {
      case "progress":
        onProgress(message.fraction);
        return;
      case "loaded":
        ready.resolve(message.info);
        return;
      case "load-failed":
        ready.reject(new MusterError(message.failure.code, message.failure.message));
        return;
      case "answers":
        replica?.receive(message.items);
        return;
      default:
        message satisfies never;
    }
  };
  const child = startEngineProcess({
    entry: options.childEntry ?? findChildEntry(),
    env: options.env ?? hostEnvironment,
    packages: options.packages ?? {},
    nice: options.nice ?? 0,
    sandbox: attempt.sandbox,
    log,
    children: options.children,
    onMessage,
  });
  void child.exited.then((exit) => {
    isKilled = exit.kind === "crashed" && exit.detail.startsWith("signal ");
    ready.reject(new MusterError("model_load_failed", `the engine process died (${exit.detail})`));
  });
  const onAbort = () => ready.reject(loadCancelled(spec));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    heard();
    child.send({ kind: "load", spec: { ...toChildSpec(spec), ...(addonPath && { addonPath }) } });
    const info = await ready.promise;
    replica = new ChildReplica(info, child);
    log.info({ pid: child.pid, loadMs: info.loadMs, backend: info.backend }, "model loaded");
    return { kind: "loaded", replica };
  } catch (error) {
    await child.kill();
    if (signal.aborted) return { kind: "failed", error: loadCancelled(spec), isKilled: false };
    return { kind: "failed", error: loadFailed(spec, error, child.lastWords()), isKilled };
  } finally {
    stopTimer();
    signal.removeEventListener("abort", onAbort);
  }
}

/** Without the projector: this engine takes none. */
function toChildSpec(spec: EngineLoadSpec): ChildLoadSpec {
  const { modelPath, slots, contextTokens, threads, gpu, gpuLayers } = spec;
  return {
    ...{ modelPath, slots, gpu },
    ...(gpuLayers === undefined ? {} : { gpuLayers }),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(threads === undefined ? {} : { threads }),
  };
}

function loadCancelled(spec: EngineLoadSpec): MusterError {
  return new MusterError("cancelled", `Loading ${spec.modelPath} was cancelled.`);
}

function loadFailed(spec: EngineLoadSpec, error: unknown, lastWords: string): MusterError {
  const reason = error instanceof Error ? error.message : String(error);
  const words = lastWords === "" ? "" : ` The engine's last words:\n${lastWords}`;
  return new MusterError("model_load_failed", `Could not load ${spec.modelPath}: ${reason}.${words}`, {
    cause: error,
  });
}
