import type { MachineLoad } from "@muster/base";
import { testIdentity, testReplica } from "../core/fleet/worker.fixture.ts";
import { lendsUnlessSaid, type Replica, type WorkerIdentity } from "../core/fleet/worker.ts";
import type { ReplicaLook, WorkerLook } from "./fleet-entries.ts";

/** A worker that is connected, without replicas unless they are named. */
export function testWorkerLook(
  change: Partial<WorkerIdentity> & {
    readonly load?: MachineLoad | undefined;
    readonly replicas?: readonly ReplicaLook[];
    readonly disconnects?: number;
  } = {},
): WorkerLook {
  const { load, replicas = [], disconnects = 0, ...identity } = change;
  return {
    identity: testIdentity({ ...(identity.id === undefined ? {} : { name: identity.id }), ...identity }),
    ...{ isDraining: false, load, availability: lendsUnlessSaid, inventory: undefined },
    ...{ connectedAtMs: 0, lastHeartbeatAtMs: 0, disconnects },
    replicas: new Map(replicas.map((replica) => [replica.report.id, replica])),
  };
}

/** One that is ready and may have work. */
export function testReplicaLook(
  report: Partial<Replica> = {},
  change: Partial<Omit<ReplicaLook, "report">> = {},
): ReplicaLook {
  return {
    report: testReplica(report),
    ...{ slotsUsed: 0, heldBack: undefined, retiring: undefined, isAccepting: true, isBreakerOpen: false },
    ...change,
  };
}
