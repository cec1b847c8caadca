import { isErrorCode } from "@muster/base";
import {
  deltaToWire,
  type OrchestratorBody,
  protocolVersions,
  requestFromWire,
  type WireReplicaReport,
  type WorkerMessage,
} from "@muster/proto";
import type {
  AttemptResult,
  Failure,
  OrchestratorSays,
  ReplicaReport,
  Welcome,
  WorkerHello,
  WorkerSays,
} from "../../core/link-messages.ts";
import { attemptKey } from "../../core/link-messages.ts";
import type { LinkEnd } from "../../ports/orchestrator-link.ts";

export function helloToWire(hello: WorkerHello): WorkerMessage {
  const { workerId, name, version, labels, hardware, running } = hello;
  return {
    hello: {
      minProtocol: protocolVersions.min,
      maxProtocol: protocolVersions.max,
      workerId,
      name,
      version,
      labels: { ...labels },
      hardware: { ...hardware, gpus: hardware.gpus.map((gpu) => ({ ...gpu })) },
      running: [...running],
    },
  };
}

export function toWire(message: WorkerSays): WorkerMessage {
  switch (message.kind) {
    case "heartbeat": {
      const { sequence, attempts, freeRamBytes, cpuLoad } = message;
      return { heartbeat: { sequence, attemptIds: attempts.map(attemptKey), freeRamBytes, cpuLoad } };
    }
    case "replica":
      return { replica: replicaToWire(message.report) };
    case "output": {
      const { attemptId, epoch, sequence, delta } = message;
      return { output: { attemptId, epoch, sequence, ...deltaToWire(delta) } };
    }
    case "end": {
      const { attemptId, epoch, result, pieces } = message;
      const whole = pieces === undefined ? {} : { whole: true, pieces: pieces.map(deltaToWire) };
      return { end: { attemptId, epoch, ...resultToWire(result), ...whole } };
    }
    case "draining":
      return { draining: { reason: message.reason } };
    case "goodbye":
      return { goodbye: { reason: message.reason } };
    default:
      return message satisfies never;
  }
}

const replicaStates = {
  fetching: "STATE_FETCHING",
  loading: "STATE_LOADING",
  ready: "STATE_READY",
  crashed: "STATE_CRASHED",
  failed: "STATE_FAILED",
  unloaded: "STATE_UNLOADED",
} as const;

const outcomes = {
  stop: "OUTCOME_STOP",
  length: "OUTCOME_LENGTH",
  tool_calls: "OUTCOME_TOOL_CALLS",
} as const;

function replicaToWire({
  state,
  failure,
  capabilities,
  modelSha256,
  engineVersion,
  ...report
}: ReplicaReport): WireReplicaReport {
  return {
    ...report,
    modelSha256: modelSha256 ?? "",
    engineVersion: engineVersion ?? "",
    state: replicaStates[state],
    capabilities: [...capabilities],
    failure: failure === undefined ? null : failureToWire(failure),
  };
}

function failureToWire({ code, message, param }: Failure) {
  return { code, message, ...(param === undefined ? {} : { param }) };
}

function resultToWire(result: AttemptResult): NonNullable<WorkerMessage["end"]> {
  switch (result.kind) {
    case "finished":
      return {
        outcome: outcomes[result.reason],
        usage: { ...result.usage },
        timings: { ...result.timings },
        ...(result.stopText === undefined ? {} : { stopText: result.stopText }),
      };
    case "cancelled":
      return { outcome: "OUTCOME_CANCELLED" };
    case "failed":
      return { outcome: "OUTCOME_FAILED", failure: failureToWire(result) };
    default:
      return result satisfies never;
  }
}

export function welcomeFromWire(wire: Extract<OrchestratorBody, { kind: "welcome" }>["value"]): Welcome {
  const { orchestratorId, version, protocol, heartbeatIntervalMs } = wire;
  return { orchestratorId, version, protocol, heartbeatIntervalMs: Math.max(100, heartbeatIntervalMs) };
}

export function refusalFromWire(wire: Extract<OrchestratorBody, { kind: "refused" }>["value"]): LinkEnd {
  return {
    kind: "refused",
    code: isErrorCode(wire.code) ? wire.code : "internal",
    message: wire.message,
    isRetryable: wire.retryable,
  };
}

/** Throws MusterError `invalid_request` for an assignment that cannot be read. */
export function fromWire(body: Exclude<OrchestratorBody, { kind: "welcome" | "refused" }>): OrchestratorSays {
  switch (body.kind) {
    case "assign": {
      const { attemptId, epoch, replicaId, request, whole } = body.value;
      return {
        kind: "assign",
        attemptId,
        epoch,
        replicaId,
        request: requestFromWire(request),
        isWhole: whole,
      };
    }
    case "cancel":
      return { kind: "cancel", attemptId: body.value.attemptId, epoch: body.value.epoch };
    case "endAck": {
      const { attemptId, epoch, others } = body.value;
      return { kind: "end-ack", attempts: [{ attemptId, epoch }, ...others] };
    }
    case "load": {
      const { replicaId, modelUri, model, slots, contextTokens } = body.value;
      return {
        kind: "load",
        replicaId,
        modelUri,
        model: model || undefined,
        slots: slots || undefined,
        contextTokens: contextTokens || undefined,
      };
    }
    case "unload":
      return { kind: "unload", replicaId: body.value.replicaId };
    case "drain":
      return { kind: "drain", reason: body.value.reason };
    case "heartbeatAck":
      return { kind: "heartbeat-ack", sequence: body.value.sequence };
    default:
      return body satisfies never;
  }
}
