import {
  type Replica,
  type ReplicaView,
  type WorkerIdentity,
  type WorkerView,
  workerState,
} from "../core/fleet/worker.ts";
import type { WorkerLink } from "../ports/worker-link.ts";

/** What the registry keeps of each worker. Only the registry changes these. */

export interface ReplicaEntry {
  report: Replica;
  slotsUsed: number;
  decodeTokensPerSecond: number | undefined;
}

export interface WorkerEntry {
  identity: WorkerIdentity;
  link: WorkerLink | undefined;
  isDraining: boolean;
  connectedAtMs: number;
  lastHeartbeatAtMs: number;
  lostAtMs: number | undefined;
  cpuLoad: number;
  readonly replicas: Map<string, ReplicaEntry>;
}

/** How much the latest answer counts in a replica's speed. */
const speedSmoothing = 0.3;

/** Notes a speed that an answer has measured. */
export function measured(replica: ReplicaEntry, tokensPerSecond: number): void {
  const before = replica.decodeTokensPerSecond ?? tokensPerSecond;
  replica.decodeTokensPerSecond = before + speedSmoothing * (tokensPerSecond - before);
}

export function modelsOf(worker: WorkerEntry): Set<string> {
  return new Set([...worker.replicas.values()].map(({ report }) => report.model));
}

/** An immutable copy of what is known now. */
export function viewOf(worker: WorkerEntry): WorkerView {
  const replicas = [...worker.replicas.values()].map(
    ({ report, slotsUsed, decodeTokensPerSecond }): ReplicaView => ({
      ...report,
      slotsUsed,
      decodeTokensPerSecond,
    }),
  );
  return {
    ...worker.identity,
    state: workerState({ isConnected: worker.link !== undefined, isDraining: worker.isDraining, replicas }),
    connectedAtMs: worker.connectedAtMs,
    lastHeartbeatAtMs: worker.lastHeartbeatAtMs,
    cpuLoad: worker.cpuLoad,
    replicas,
  };
}
