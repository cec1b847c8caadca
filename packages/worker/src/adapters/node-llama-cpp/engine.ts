import { deferred, type Env, type Log, MusterError } from "@muster/base";
import type { Engine, EngineLoadSpec, ReplicaInfo } from "../../ports/engine.ts";
import { hostEnvironment } from "../common/config.ts";
import type { PackageEntries } from "../common/engine-packages/entries.ts";
import { findChildEntry } from "./child-entry.ts";
import type { ChildLoadSpec, ChildMessage } from "./child-messages.ts";
import { findEngineBinary } from "./engine-binary.ts";
import { startEngineProcess } from "./engine-process.ts";
import { ChildReplica } from "./replica.ts";

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
}

/** Runs GGUF models with llama.cpp, each in a child process of its own. */
export function createNodeLlamaCppEngine(options: NodeLlamaCppEngineOptions): Engine {
  return {
    name: "node-llama-cpp",
    async load(spec, { signal, onProgress }) {
      if (signal.aborted) throw loadCancelled(spec);
      const log = options.log.child({ modelPath: spec.modelPath });
      const ready = deferred<ReplicaInfo>();
      let replica: ChildReplica | undefined;
      const onMessage = (message: ChildMessage): void => {
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
        log,
        onMessage,
      });
      void child.exited.then((exit) =>
        ready.reject(new MusterError("model_load_failed", `the engine process died (${exit.detail})`)),
      );
      const onAbort = () => ready.reject(loadCancelled(spec));
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        const binary =
          options.engineDirectory === undefined ? undefined : findEngineBinary(options.engineDirectory);
        child.send({
          kind: "load",
          spec: { ...toChildSpec(spec), ...(binary && { addonPath: binary.addonPath }) },
        });
        const info = await ready.promise;
        replica = new ChildReplica(info, child);
        log.info({ pid: child.pid, loadMs: info.loadMs, backend: info.backend }, "model loaded");
        return replica;
      } catch (error) {
        await child.kill();
        if (signal.aborted) throw loadCancelled(spec);
        throw loadFailed(spec, error, child.lastWords());
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
  };
}

function toChildSpec({ contextTokens, threads, ...rest }: EngineLoadSpec): ChildLoadSpec {
  return {
    ...rest,
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
