import { pathOf } from "../base-url.ts";
import type { RequestOptions, Transport } from "../http.ts";
import type { ResponseInfo } from "../response-info.ts";
import type { List } from "./models.ts";

/**
 * A graphics card of a worker.
 * @example console.log(`${gpu.name}: ${gpu.free_vram_bytes} of ${gpu.vram_bytes} bytes free`);
 */
export interface Gpu {
  readonly name: string;
  readonly vram_bytes: number;
  readonly free_vram_bytes: number;
}

/**
 * What a worker lends.
 * @example const vramBytes = worker.hardware.gpus.reduce((sum, gpu) => sum + gpu.vram_bytes, 0);
 */
export interface WorkerHardware {
  readonly hostname: string;
  readonly platform: string;
  readonly arch: string;
  readonly cpu_model: string;
  readonly physical_cores: number;
  readonly logical_cores: number;
  readonly ram_bytes: number;
  readonly free_ram_bytes: number;
  /** What the engine computes with: `cuda`, `metal`, `vulkan`, `cpu`... */
  readonly backend: string;
  readonly gpus: readonly Gpu[];
}

/**
 * One model loaded on one worker.
 * @example const freeSlots = replica.state === "ready" ? replica.slots - replica.slots_used : 0;
 */
export interface Replica {
  readonly id: string;
  readonly model: string;
  readonly state: "fetching" | "loading" | "ready" | "crashed" | "failed" | "unloading" | "unloaded";
  readonly engine: string;
  readonly backend?: string;
  /** Answers that it can give at once. */
  readonly slots: number;
  readonly slots_used: number;
  /** Of one slot. */
  readonly context_tokens: number;
  /** What it can be asked for: `chat`, `tools`, `embedding`, ... */
  readonly capabilities?: readonly string[];
  /** Of one answer, smoothed over recent ones; null before the first. */
  readonly decode_tokens_per_second: number | null;
  /** `open`: it failed too often or has become far slower, and gets work only where all others are too. */
  readonly breaker?: "closed" | "open" | "half_open";
  readonly breaker_reason?: string | null;
  readonly recent_failures?: number;
  /** 0 to 1 while it is fetched or loaded, else null. */
  readonly progress: number | null;
  readonly error: string | null;
}

/**
 * A machine that lends hardware. `joining`: no replica is ready yet. `draining`: finishes what runs and takes nothing
 * new. `lost`: its connection is gone; it stays listed for a while.
 * @example const ready = workers.filter((worker) => worker.state === "ready");
 */
export interface Worker {
  readonly id: string;
  readonly object: "worker";
  readonly name: string;
  readonly state: "joining" | "ready" | "draining" | "lost";
  readonly version: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Unix seconds. */
  readonly connected_at: number;
  /** Unix seconds. */
  readonly last_heartbeat_at: number;
  /** 0 to 1. */
  readonly cpu_load?: number;
  readonly hardware: WorkerHardware;
  readonly replicas: readonly Replica[];
}

/**
 * `muster.workers`: the fleet.
 * @example const { data } = await muster.workers.list();
 */
export interface Workers {
  /**
   * Every worker that the orchestrator knows. Rejects with a MusterApiError.
   * @example const names = (await muster.workers.list()).data.map((worker) => worker.name);
   */
  list(options?: RequestOptions): Promise<List<Worker> & ResponseInfo>;
  /**
   * One worker, by its id. Rejects with a NotFoundError where there is none.
   * @example const worker = await muster.workers.retrieve(id);
   */
  retrieve(id: string, options?: RequestOptions): Promise<Worker & ResponseInfo>;
  /**
   * Asks a worker to finish what runs and take nothing new; resolves as soon as it was asked.
   * @example await muster.workers.drain(worker.id);
   */
  drain(id: string, options?: RequestOptions): Promise<Worker & ResponseInfo>;
}

export function createWorkers(transport: Transport): Workers {
  const all = "/cluster/v1/workers";
  return {
    list: (options) => transport.json<List<Worker>>({ method: "GET", path: all, options }),
    retrieve: async (id, options) =>
      transport.json<Worker>({ method: "GET", path: `${all}/${pathOf(id)}`, options }),
    drain: async (id, options) =>
      transport.json<Worker>({ method: "POST", path: `${all}/${pathOf(id)}/drain`, options }),
  };
}
