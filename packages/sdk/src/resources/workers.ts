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
  /** Null is what its driver does not tell, here and below. */
  readonly used_by_muster_bytes?: number | null;
  readonly used_by_others_bytes?: number | null;
  /** What Muster may have in all, with what it has: other programs come first. */
  readonly offered_vram_bytes?: number | null;
  /** Share of the time that it works, for anybody: 0 to 1. */
  readonly utilization?: number | null;
  readonly temperature_celsius?: number | null;
  readonly watts?: number | null;
  readonly uuid?: string | null;
  readonly driver_version?: string | null;
  /** Its memory is the machine's main memory. */
  readonly is_unified?: boolean;
}

/**
 * What was drawn and answered since the orchestrator started.
 * @example console.log(`${energy.tokens_per_watt_hour} tokens for a watt-hour`);
 */
export interface EnergySums {
  readonly watt_hours: number;
  /** Of those, while it worked for Muster. */
  readonly watt_hours_working: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  /** Tokens that were computed, for what was drawn while working; null before anything was measured. */
  readonly tokens_per_watt_hour: number | null;
  /** Of electricity, in the currency of MUSTER_PRICE_PER_KWH; null without one. */
  readonly cost_per_million_tokens: number | null;
  readonly seconds_lent: number;
}

/**
 * A worker's energy.
 * @example const isCounted = worker.energy?.sources.includes("gpus");
 */
export interface WorkerEnergy extends EnergySums {
  /** Now; null where it does not tell now. */
  readonly watts: number | null;
  /** Which of its parts tell what they draw. */
  readonly sources: readonly ("gpus" | "cpu")[];
  /** What it draws while it does not work for Muster. */
  readonly idle_watts: number | null;
}

/**
 * All workers of an orchestrator together.
 * @example console.log(`${fleet.slots.used} of ${fleet.slots.total} slots, ${fleet.watts} W`);
 */
export interface Fleet extends EnergySums {
  readonly object: "fleet";
  /** How many, by state. */
  readonly workers: Readonly<Record<string, number>>;
  readonly slots: { readonly total: number; readonly used: number };
  readonly gpus: number;
  /** The sums of what workers tell. */
  readonly vram: {
    readonly total_bytes: number;
    readonly free_bytes: number;
    readonly used_by_muster_bytes: number;
    readonly used_by_others_bytes: number;
    readonly offered_bytes: number;
  };
  /** Of those that tell; null where none does. */
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
  /** `open`: it failed too often or has become far slower, and gets work only where all others are too. */
  readonly breaker?: "closed" | "open" | "half_open";
  readonly breaker_reason?: string | null;
  readonly recent_failures?: number;
  /** 0 to 1 while it is fetched or loaded, else null. */
  readonly progress: number | null;
  readonly error: string | null;
  /** Why it gets no work though it is ready: its golden prompts were answered wrongly, or are awaited. */
  readonly held_back?: string | null;
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
  /** Main memory that Muster may have in all; null where the worker does not say. */
  readonly offered_ram_bytes?: number | null;
  /** Null where nothing there tells what it draws. */
  readonly energy?: WorkerEnergy | null;
  /** Missing from orchestrators that do not know it yet, as the next. */
  readonly availability?: WorkerAvailability;
  /** Attempts that it gave back because its owner needed the machine. */
  readonly given_back?: number;
  readonly hardware: WorkerHardware;
  readonly replicas: readonly Replica[];
  /** Only of one that is retrieved; null where nothing is known. */
  readonly presence?: WorkerPresence | null;
}

/**
 * When a worker should be lent, by when it was in the past.
 * @example const tonight = worker.presence?.next_hours.at(-1)?.likelihood;
 */
export interface WorkerPresence {
  /** What this is learnt from; what was seen long ago counts less. */
  readonly hours_seen: number;
  /** The coming day: from when (Unix seconds), and how likely, 0 to 1. */
  readonly next_hours: readonly { readonly at: number; readonly likelihood: number }[];
}

/**
 * How long a worker is to lend nothing.
 * @example const wish: PauseWish = { seconds: 3600 };
 */
export interface PauseWish {
  /** 1 to 604,800, a week. Default: until `resume`. */
  readonly seconds?: number;
}

/**
 * What an invitation lets one machine do.
 * @example const wish: InviteWish = { pool: "desks", count: 3, expires_in: 600 };
 */
export interface InviteWish {
  /** A label of the worker, which it cannot change. */
  readonly pool: string;
  /** What the worker is called. Default: as its machine calls itself. */
  readonly name?: string;
  /** So many invitations, one for each machine. Default: 1. */
  readonly count?: number;
  /** Seconds, at most 1,800. Default: 900. */
  readonly expires_in?: number;
  /** `host:port` that the machine dials. Default: what the orchestrator knows of itself. */
  readonly address?: string;
}

/**
 * A line that lets one machine join, once. It is a secret.
 * @example console.log(invite.command);
 */
export interface Invite {
  readonly object: "invite";
  /** `muster://host:port#…`. */
  readonly url: string;
  /** What is pasted on the machine. */
  readonly command: string;
  readonly pool: string;
  readonly name: string | null;
  /** Unix seconds. */
  readonly expires_at: number;
}

/**
 * A machine that has joined, connected or not. `lapsed`: it has not been seen for 90 days.
 * @example const gone = enrolments.filter(({ state }) => state !== "live");
 */
export interface Enrolment {
  readonly id: string;
  readonly object: "enrolment";
  readonly name: string;
  readonly pool: string;
  readonly state: "live" | "lapsed" | "revoked";
  /** Unix seconds. */
  readonly joined_at: number;
  /** The day in UTC, `2026-11-29`. */
  readonly last_seen: string;
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
   * All workers together: slots, GPU memory, power, tokens for a watt-hour. Rejects with a MusterApiError.
   * @example const { watts } = await muster.workers.fleet();
   */
  fleet(options?: RequestOptions): Promise<Fleet & ResponseInfo>;
  /**
   * Asks a worker to finish what runs and take nothing new; resolves as soon as it was asked.
   * @example await muster.workers.drain(worker.id);
   */
  drain(id: string, options?: RequestOptions): Promise<Worker & ResponseInfo>;
  /**
   * Has a worker lend nothing for a while, or until `resume`; resolves when it says so. What runs there is given back
   * or finished as when its owner returns. Its owner can end it on the machine. Rejects where the worker does not know how.
   * @example await muster.workers.pause(worker.id, { seconds: 2 * 3600 });
   */
  pause(id: string, wish?: PauseWish, options?: RequestOptions): Promise<Worker & ResponseInfo>;
  /**
   * Ends that pause. One that the owner has set stays; resolves as soon as it was asked.
   * @example await muster.workers.resume(worker.id);
   */
  resume(id: string, options?: RequestOptions): Promise<Worker & ResponseInfo>;
  /**
   * Has a replica answer its golden prompts again, and keeps work from it meanwhile; resolves as soon as it was asked.
   * @example await muster.workers.check(worker.id, worker.replicas[0].id);
   */
  check(id: string, replicaId: string, options?: RequestOptions): Promise<Replica & ResponseInfo>;
  /**
   * Makes invitations: each lets one machine join, once. Rejects where the fleet port is on loopback.
   * @example const { data } = await muster.workers.invite({ pool: "desks" });
   */
  invite(wish: InviteWish, options?: RequestOptions): Promise<List<Invite> & ResponseInfo>;
  /**
   * The machines that have joined with an invitation.
   * @example const { data } = await muster.workers.enrolled();
   */
  enrolled(options?: RequestOptions): Promise<List<Enrolment> & ResponseInfo>;
  /**
   * Takes a machine out of the fleet for good, within seconds.
   * @example await muster.workers.revoke(enrolment.id);
   */
  revoke(id: string, options?: RequestOptions): Promise<Enrolment & ResponseInfo>;
}

export function createWorkers(transport: Transport): Workers {
  const all = "/cluster/v1/workers";
  return {
    list: (options) => transport.json<List<Worker>>({ method: "GET", path: all, options }),
    retrieve: async (id, options) =>
      transport.json<Worker>({ method: "GET", path: `${all}/${pathOf(id)}`, options }),
    fleet: (options) => transport.json<Fleet>({ method: "GET", path: "/cluster/v1/fleet", options }),
    drain: async (id, options) =>
      transport.json<Worker>({ method: "POST", path: `${all}/${pathOf(id)}/drain`, options }),
    pause: async (id, wish = {}, options) =>
      transport.json<Worker>({ method: "POST", path: `${all}/${pathOf(id)}/pause`, body: wish, options }),
    resume: async (id, options) =>
      transport.json<Worker>({ method: "POST", path: `${all}/${pathOf(id)}/resume`, options }),
    check: async (id, replicaId, options) =>
      transport.json<Replica>({
        method: "POST",
        path: `${all}/${pathOf(id)}/replicas/${pathOf(replicaId)}/check`,
        options,
      }),
    invite: (wish, options) =>
      transport.json<List<Invite>>({ method: "POST", path: "/cluster/v1/invites", body: wish, options }),
    enrolled: (options) =>
      transport.json<List<Enrolment>>({ method: "GET", path: "/cluster/v1/enrolments", options }),
    revoke: async (id, options) =>
      transport.json<Enrolment>({ method: "POST", path: `${all}/${pathOf(id)}/revoke`, options }),
  };
}
