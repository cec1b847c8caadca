import type { Hardware } from "@muster/base";
import {
  lendsUnlessSaid,
  type Replica,
  type ReplicaView,
  type WorkerIdentity,
  type WorkerView,
} from "./worker.ts";

export const testHardware: Hardware = {
  hostname: "h",
  platform: "linux",
  arch: "x64",
  cpuModel: "c",
  physicalCores: 2,
  logicalCores: 2,
  ramBytes: 8 * 1024 ** 3,
  freeRamBytes: 8 * 1024 ** 3,
  backend: "cpu",
  gpus: [],
};

export function testReplica(change: Partial<Replica> = {}): Replica {
  return {
    id: "rep-1",
    model: "m",
    state: "ready",
    progress: 1,
    slots: 2,
    contextTokens: 1024,
    engine: "scripted",
    backend: "cpu",
    fileBytes: 0,
    modelSha256: undefined,
    engineVersion: undefined,
    capabilities: new Set(["chat", "completion"]),
    failure: undefined,
    vramBytes: 0,
    ramBytes: 0,
    isFixed: false,
    variant: undefined,
    modelUri: "stub:m",
    gpuLayers: 0,
    layers: 0,
    loadMs: 0,
    ...change,
  };
}

export function testReplicaView(change: Partial<ReplicaView> = {}): ReplicaView {
  return {
    ...testReplica(),
    slotsUsed: 0,
    decodeTokensPerSecond: undefined,
    heldBack: undefined,
    isQuarantined: false,
    isRetiring: false,
    breaker: "closed",
    breakerReason: undefined,
    recentFailures: 0,
    ...change,
  };
}

export function testIdentity(change: Partial<WorkerIdentity> = {}): WorkerIdentity {
  return {
    id: "w1",
    name: "w1",
    version: "0",
    labels: {},
    hardware: testHardware,
    takesPlacement: false,
    engine: "scripted",
    engineVersion: undefined,
    ...change,
  };
}

/** A worker that is ready, and has one replica. */
export function testWorkerView(change: Partial<WorkerView> = {}): WorkerView {
  return {
    ...testIdentity(),
    state: "ready",
    connectedAtMs: 0,
    lastHeartbeatAtMs: 0,
    cpuLoad: 0,
    load: undefined,
    availability: lendsUnlessSaid,
    givenBack: 0,
    inventory: undefined,
    replicas: [testReplicaView()],
    ...change,
  };
}
