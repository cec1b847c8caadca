import {
  backoffMs,
  type Clock,
  type Deferred,
  deferred,
  type InferenceEvent,
  type InferenceRequest,
  type Log,
  MusterError,
  pause,
} from "@muster/base";
import type { ExpectedFile, ModelStore } from "@muster/models";
import type { Failure, ReplicaReport } from "../core/link-messages.ts";
import { SlotTable } from "../core/slot-table.ts";
import type { Engine, EngineReplica } from "../ports/engine.ts";

/** What to serve: given on the command line, or ordered by the orchestrator. */
export interface ReplicaSpec {
  readonly replicaId: string;
  readonly model: string;
  readonly modelUri: string;
  readonly slots: number;
  readonly contextTokens: number | undefined;
  readonly threads: number | undefined;
  readonly gpu: "auto" | "off";
  /** Layers on the GPU; undefined: all that fit. */
  readonly gpuLayers?: number | undefined;
  readonly projectorUri?: string | undefined;
  /** The machine's owner has chosen it. */
  readonly isFixed: boolean;
  /** As the load order named it. */
  readonly variant: string | undefined;
  /** What the model file must be; one that differs is not loaded. */
  readonly expected?: ExpectedFile | undefined;
}

export interface KeeperDeps {
  readonly engine: Engine;
  readonly store: ModelStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly report: (report: ReplicaReport) => void;
  /** Throws MusterError `invalid_request` for a file that an orchestrator may not name; undefined: nobody looks. */
  readonly checkOrdered?: ((uri: string) => Promise<void>) | undefined;
  /** Throws MusterError `model_load_failed` for a model that is too large for this machine; undefined: nobody looks. */
  readonly checkMemory?: ((path: string, spec: ReplicaSpec) => Promise<void>) | undefined;
}

const restartBackoff = { baseMs: 500, maxMs: 30_000 };
/** An engine that has served this long was sound: its next crash is taken for the first. */
const soundAfterMs = 60_000;

const unloaded = {
  state: "unloaded",
  progress: 0,
  failure: undefined,
  ...{ vramBytes: 0, ramBytes: 0, gpuLayers: 0 },
} as const;

type Running = { readonly replica: EngineReplica; readonly slots: SlotTable };

/** Keeps one replica alive: fetches its model, loads it, and loads it again when its engine dies. */
export class ReplicaKeeper {
  readonly spec: ReplicaSpec;
  readonly #deps: KeeperDeps;
  readonly #stop = new AbortController();
  /** From one load to the end of its engine. */
  #round = new AbortController();
  /** Set while its memory is wanted for something else. */
  #suspension: { readonly freed: Deferred<void>; readonly over: Deferred<void> } | undefined;
  #lastUsedMs: number;
  #running: Running | undefined;
  #readySinceMs: number | undefined;
  #last: ReplicaReport;
  #done: Promise<void> | undefined;

  constructor(spec: ReplicaSpec, deps: KeeperDeps) {
    this.spec = spec;
    this.#deps = deps;
    this.#lastUsedMs = deps.clock.nowMs();
    this.#last = {
      replicaId: spec.replicaId,
      model: spec.model,
      state: "fetching",
      progress: 0,
      slots: spec.slots,
      contextTokens: 0,
      engine: deps.engine.name,
      backend: "",
      fileBytes: 0,
      capabilities: [],
      modelSha256: undefined,
      engineVersion: undefined,
      failure: undefined,
      ...{ vramBytes: 0, ramBytes: 0, gpuLayers: 0, layers: 0, loadMs: 0 },
      isFixed: spec.isFixed,
      variant: spec.variant,
      modelUri: spec.modelUri,
    };
  }

  /** What was reported last: a new link wants to hear it again. */
  get lastReport(): ReplicaReport {
    return this.#last;
  }

  get isSuspended(): boolean {
    return this.#suspension !== undefined;
  }

  /** When it was asked last, or loaded. */
  get lastUsedMs(): number {
    return this.#lastUsedMs;
  }

  start(): void {
    this.#done ??= this.#keep();
  }

  /** Ends its answers, frees its memory. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#round.abort();
    this.#suspension?.over.resolve();
    await this.#done;
  }

  /** Says that it is gone before it is: so that nothing more is sent to it. */
  retire(): void {
    this.#report(unloaded);
  }

  /** As `close`, but it can be loaded again; resolves when its memory is free. What still runs ends with `given_back`. */
  async suspend(): Promise<void> {
    if (this.#suspension === undefined) {
      this.#suspension = { freed: deferred(), over: deferred() };
      this.#round.abort();
    }
    const { freed, over } = this.#suspension;
    await Promise.race([
      freed.promise,
      over.promise,
      ...(this.#done === undefined ? [undefined] : [this.#done]),
    ]);
  }

  /** Loads it again. */
  resume(): void {
    const suspension = this.#suspension;
    this.#suspension = undefined;
    suspension?.over.resolve();
  }

  /**
   * Carries out a request on a free slot, waiting for one if need be. Throws `not_ready` while the model is not loaded, and what
   * `EngineReplica.infer` throws.
   */
  async *infer(request: InferenceRequest, signal: AbortSignal): AsyncIterable<InferenceEvent> {
    const running = this.#running;
    const round = this.#round.signal;
    if (this.#suspension !== undefined) throw this.#givenBack();
    if (running === undefined) {
      throw new MusterError("not_ready", `The replica of "${this.spec.model}" is ${this.#last.state}.`);
    }
    const release = await running.slots.take(signal);
    this.#lastUsedMs = this.#deps.clock.nowMs();
    try {
      yield* running.replica.infer(request, signal);
    } catch (error) {
      if (!round.aborted || signal.aborted) throw error;
      if (!this.#stop.signal.aborted) throw this.#givenBack(error);
      throw new MusterError("not_ready", `The replica of "${this.spec.model}" is being unloaded.`, {
        cause: error,
      });
    } finally {
      release();
    }
  }

  #givenBack(cause?: unknown): MusterError {
    const message = `The replica of "${this.spec.model}" is put away: its machine is needed.`;
    return new MusterError("given_back", message, { cause });
  }

  async #keep(): Promise<void> {
    const { clock, log, random } = this.#deps;
    for (let crashes = 0; !this.#stop.signal.aborted; crashes++) {
      if (this.#suspension !== undefined) {
        const { freed, over } = this.#suspension;
        this.#report(unloaded);
        freed.resolve();
        await over.promise;
        crashes = -1;
        continue;
      }
      this.#round = new AbortController();
      const { signal } = this.#round;
      this.#readySinceMs = undefined;
      const failure = await this.#serveOnce(signal).catch((error: unknown) => MusterError.from(error));
      if (signal.aborted) {
        crashes = -1;
        continue;
      }
      const readySinceMs = this.#readySinceMs ?? clock.nowMs();
      if (clock.nowMs() - readySinceMs > soundAfterMs) crashes = 0;
      const isCrash = failure.code === "engine_crashed";
      this.#report({ state: isCrash ? "crashed" : "failed", progress: 0, failure: asFailure(failure) });
      const delayMs = backoffMs(restartBackoff, crashes, random);
      log.error(
        { model: this.spec.model, code: failure.code, reason: failure.message, delayMs: Math.round(delayMs) },
        "replica ended, starting it again",
      );
      await pause(clock, delayMs, signal);
    }
    this.#report(unloaded);
  }

  /** Fetches, loads and serves until the engine ends; gives the reason. */
  async #serveOnce(signal: AbortSignal): Promise<MusterError> {
    const { engine, store } = this.#deps;
    const { modelUri, slots, contextTokens, threads, gpu, gpuLayers, projectorUri, isFixed } = this.spec;
    const startedAtMs = this.#deps.clock.nowMs();
    const progressed = (state: "fetching" | "loading") => this.#progress(state);

    this.#report({ state: "fetching", progress: 0, failure: undefined });
    // Each time: what a name leads to may have changed.
    if (!isFixed)
      for (const uri of [modelUri, projectorUri]) if (uri !== undefined) await this.#deps.checkOrdered?.(uri);
    const onFetched = progressed("fetching");
    const file = await store.ensure(modelUri, {
      signal,
      expected: this.spec.expected,
      onProgress: ({ doneBytes, totalBytes }) => onFetched(totalBytes ? doneBytes / totalBytes : 0),
    });
    this.#report({ state: "loading", progress: 0, fileBytes: file.bytes, modelSha256: file.sha256 });
    await this.#deps.checkMemory?.(file.path, this.spec);
    const replica = await engine.load(
      { modelPath: file.path, slots, contextTokens, threads, gpu, gpuLayers, projectorUri, isFixed },
      { signal, onProgress: progressed("loading") },
    );
    const { info } = replica;
    this.#running = { replica, slots: new SlotTable(info.slots) };
    this.#readySinceMs = this.#deps.clock.nowMs();
    this.#lastUsedMs = this.#readySinceMs;
    const closeOnStop = () => void replica.close();
    signal.addEventListener("abort", closeOnStop, { once: true });
    if (signal.aborted) closeOnStop();
    this.#report({
      state: "ready",
      progress: 1,
      slots: info.slots,
      contextTokens: info.contextTokens,
      engine: info.engine,
      backend: info.backend,
      fileBytes: info.fileBytes,
      capabilities: info.capabilities,
      engineVersion: info.engineVersion,
      vramBytes: info.memory?.vramBytes ?? 0,
      ramBytes: info.memory?.ramBytes ?? 0,
      gpuLayers: info.offload?.gpuLayers ?? 0,
      layers: info.offload?.layers ?? 0,
      loadMs: this.#deps.clock.nowMs() - startedAtMs,
    });
    const exit = await replica.exited;
    this.#running = undefined;
    signal.removeEventListener("abort", closeOnStop);
    return new MusterError("engine_crashed", `The engine of "${this.spec.model}" ended: ${exit.detail}.`);
  }

  /** Reports progress in steps of a twentieth: each report is a message to the orchestrator. */
  #progress(state: "fetching" | "loading"): (fraction: number) => void {
    let reported = 0;
    return (fraction) => {
      const step = Math.floor(fraction * 20) / 20;
      if (step <= reported || this.#last.state !== state) return;
      reported = step;
      this.#report({ state, progress: step });
    };
  }

  #report(change: Partial<ReplicaReport>): void {
    this.#last = { ...this.#last, ...change };
    this.#deps.report(this.#last);
  }
}

function asFailure(error: MusterError): Failure {
  return { code: error.code, message: error.message };
}
