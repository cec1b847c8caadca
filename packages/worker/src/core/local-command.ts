import type { Availability, GpuLoad } from "@muster/base";

/** What the owner asks of the worker on his machine; one line of JSON each. */
export type LocalCommand =
  | { readonly command: "pause"; readonly forMs: number | undefined }
  | { readonly command: "resume" }
  | { readonly command: "drain" }
  | { readonly command: "status" };

/** What is known of the owner: `null` is unknown. */
export interface LocalReadings {
  readonly idleMs: number | "nobody" | null;
  readonly isFullScreen: boolean | null;
  readonly isOnAcPower: boolean | null;
  readonly isGpuUsedByOthers: boolean | null;
}

export interface LocalReplica {
  readonly replicaId: string;
  readonly model: string;
  readonly state: string;
  readonly slots: number;
  readonly isFixed: boolean;
  readonly vramBytes: number;
  readonly ramBytes: number;
}

interface Counts {
  readonly interactive: number;
  readonly batch: number;
}

/** What `muster worker status` shows. Times are Unix time. */
export interface LocalStatus {
  readonly workerId: string;
  readonly name: string;
  readonly version: string;
  readonly pid: number;
  readonly orchestrator: string;
  readonly isConnected: boolean;
  readonly isDraining: boolean;
  readonly availability: Availability;
  readonly sinceMs: number;
  /** `null`: until it is taken back; undefined: there is none. */
  readonly pausedUntilMs?: number | null;
  /** As above, of the pause that an administrator of the fleet has set. */
  readonly administratorPausedUntilMs?: number | null;
  /** In the answer to `resume`: there was such a pause, and it is over now. */
  readonly hasEndedAdministratorPause?: boolean;
  /** Undefined where the policy asks nobody. */
  readonly readings?: LocalReadings;
  readonly replicas: readonly LocalReplica[];
  readonly running: Counts;
  readonly givenBack: Counts;
  readonly gpus: readonly ({ readonly name: string; readonly vramBytes: number } & Partial<GpuLoad>)[];
}

export type LocalAnswer =
  | { readonly kind: "status"; readonly status: LocalStatus }
  | { readonly kind: "refused"; readonly message: string };

/** Longer than any pause that somebody means. */
const maxPauseMs = 366 * 24 * 60 * 60_000;

/** Reads a line; undefined: it is no command. */
export function parseLocalCommand(line: string): LocalCommand | undefined {
  let told: unknown;
  try {
    told = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof told !== "object" || told === null || !("command" in told)) return undefined;
  const { command } = told;
  if (command === "resume" || command === "drain" || command === "status") return { command };
  if (command !== "pause") return undefined;
  const forMs: unknown = "forMs" in told ? told.forMs : undefined;
  if (forMs === undefined || forMs === null) return { command, forMs: undefined };
  const isTime = typeof forMs === "number" && forMs > 0 && forMs <= maxPauseMs;
  return isTime ? { command, forMs } : undefined;
}
