import type { Gpu, GpuLoad } from "@muster/base";
import type { Reading } from "../core/idle-policy.ts";
import type { LocalAnswer, LocalCommand, LocalReadings, LocalStatus } from "../core/local-command.ts";
import type { Assignments } from "./assignments.ts";
import type { ReplicaSet } from "./replica-set.ts";
import type { OwnerWatch } from "./watch-owner.ts";

export interface LocalControlDeps {
  readonly about: Pick<LocalStatus, "workerId" | "name" | "version" | "pid" | "orchestrator">;
  readonly watch: OwnerWatch;
  readonly assignments: Assignments;
  readonly replicas: ReplicaSet;
  readonly gpus: readonly Gpu[];
  /** In the order of `gpus`; undefined: not known now. */
  readonly readGpus: () => readonly GpuLoad[] | undefined;
  readonly isConnected: () => boolean;
  readonly isDraining: () => boolean;
  /** Finishes what runs, and leaves. */
  readonly drain: () => void;
}

/** Does what the owner asks on the machine itself, and tells how things stand then. */
export function createLocalControl(deps: LocalControlDeps): (command: LocalCommand) => Promise<LocalAnswer> {
  const { watch, drain } = deps;
  return async (command) => {
    const wasPausedFromAfar = watch.pauseBy("administrator") !== undefined;
    switch (command.command) {
      case "pause":
        await watch.pause("owner", command.forMs);
        break;
      case "resume":
        await watch.resume("owner");
        return {
          kind: "status",
          status: { ...statusOf(deps), ...(wasPausedFromAfar ? { hasEndedAdministratorPause: true } : {}) },
        };
      case "drain":
        drain();
        break;
      case "status":
        break;
      default:
        command satisfies never;
    }
    return { kind: "status", status: statusOf(deps) };
  };
}

function statusOf(deps: LocalControlDeps): LocalStatus {
  const { about, watch, assignments, replicas, gpus, readGpus, isConnected, isDraining } = deps;
  const loads = readGpus();
  const pause = watch.pauseBy("owner");
  const fromAfar = watch.pauseBy("administrator");
  const readings = watch.availability.policy === "owner-away" ? readingsOf(watch) : undefined;
  return {
    ...about,
    isConnected: isConnected(),
    isDraining: isDraining(),
    availability: watch.availability,
    sinceMs: watch.sinceMs,
    ...(pause === undefined ? {} : { pausedUntilMs: pause.untilMs ?? null }),
    ...(fromAfar === undefined ? {} : { administratorPausedUntilMs: fromAfar.untilMs ?? null }),
    ...(readings === undefined ? {} : { readings }),
    replicas: replicas.reports().map(({ replicaId, model, state, slots, isFixed, vramBytes, ramBytes }) => ({
      ...{ replicaId, model, state, slots, isFixed, vramBytes, ramBytes },
    })),
    running: assignments.runningCounts(),
    givenBack: assignments.givenBackCounts(),
    gpus: gpus.map(({ name, vramBytes, freeVramBytes }, at) => ({
      ...{ name, vramBytes, freeVramBytes },
      ...loads?.[at],
    })),
  };
}

function readingsOf({ seen, gpu }: OwnerWatch): LocalReadings {
  const idleMs = knownOf(seen.idleMs);
  return {
    // JSON has no Infinity.
    idleMs: idleMs === Number.POSITIVE_INFINITY ? "nobody" : idleMs,
    isFullScreen: knownOf(seen.isFullScreen),
    isOnAcPower: knownOf(seen.isOnAcPower),
    isGpuUsedByOthers: gpu.isUsedByOthers === "unknown" ? null : gpu.isUsedByOthers,
  };
}

function knownOf<T>(reading: Reading<T>): T | null {
  return reading.kind === "known" ? reading.value : null;
}
