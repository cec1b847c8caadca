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
 * A graphics card at one moment. null: its driver does not tell.
 * @example const busy = worker.gpus?.some((gpu) => (gpu.utilization ?? 0) > 0.5);
 */
export interface GpuLoad {
  readonly free_vram_bytes: number;
  /** Taken by programs other than Muster. */
  readonly others_bytes: number | null;
  /** What Muster may have in all. */
  readonly offered_bytes: number;
  /** 0 to 1. */
  readonly utilization: number | null;
  readonly temperature_celsius: number | null;
  readonly watts: number | null;
}

/**
 * Whether a machine is lent now, and why not.
 * @example if (worker.availability?.state === "owner_here") console.log(worker.availability.reason);
 */
export interface WorkerAvailability {
  /** `lending`, `owner_here`, `off_schedule`, `paused`, `gpu_busy`, `on_battery`, `memory_needed` or `unknown`. */
  readonly state: string;
  /** For people; "" while it is lent. */
  readonly reason: string;
  /** `always`, `schedule` or `owner-away`. */
  readonly policy: string;
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
  /** 0 to 1 while it is fetched or loaded, else null. */
  readonly progress: number | null;
  readonly error: string | null;
}

/**
 * A machine that lends hardware. `joining`: no replica is ready yet. `away`: its owner has it. `draining`: finishes what runs and takes nothing
 * new. `lost`: its connection is gone; it stays listed for a while.
 * @example const ready = workers.filter((worker) => worker.state === "ready");
 */
export interface Worker {
  readonly id: string;
  readonly object: "worker";
  readonly name: string;
  readonly state: "joining" | "ready" | "away" | "draining" | "lost";
  readonly version: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Unix seconds. */
  readonly connected_at: number;
  /** Unix seconds. */
  readonly last_heartbeat_at: number;
  /** 0 to 1. */
  readonly cpu_load?: number;
  /** Missing from orchestrators that do not know it yet, as the next two. */
  readonly availability?: WorkerAvailability;
  /** Attempts that it gave back because its owner needed the machine. */
  readonly given_back?: number;
  /** In the order of `hardware.gpus`; empty where nothing is known now. */
  readonly gpus?: readonly GpuLoad[];
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
