import { isErrorCode } from "@muster/base";
import {
  deltaToWire,
  hardwareToWire,
  loadToWire,
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

const maxTraceIdLength = 64;

export function helloToWire(hello: WorkerHello): WorkerMessage {
  const { workerId, name, version, labels, hardware, running, takesPlacement, engine, engineVersion } = hello;
  return {
    hello: {
      minProtocol: protocolVersions.min,
      maxProtocol: protocolVersions.max,
      workerId,
      name,
      version,
      labels: { ...labels },
      hardware: hardwareToWire(hardware),
      running: [...running],
      takesPlacement,
      engine,
      engineVersion: engineVersion ?? "",
    },
  };
}

export function toWire(message: WorkerSays): WorkerMessage {
  switch (message.kind) {
    case "heartbeat": {
      const { sequence, attempts, load } = message;
      return { heartbeat: { ...loadToWire(load), sequence, attemptIds: attempts.map(attemptKey) } };
    }
    case "availability":
      return { availability: { ...message.availability } };
    case "inventory": {
      const { models, freeDiskBytes, budgetBytes = 0, fetching = [] } = message.inventory;
      const files = models.map(({ sha256 = "", lastUsedMs = 0, ...file }) => ({
        ...file,
        ...{ sha256, lastUsedMs: Math.round(lastUsedMs) },
      }));
      const onTheirWay = fetching.map(({ totalBytes = 0, problem = "", ...file }) => ({
        ...file,
        ...{ totalBytes, problem },
      }));
      return { inventory: { models: files, freeDiskBytes, budgetBytes, fetching: onTheirWay } };
    }
    case "replica":
      return { replica: replicaToWire(message.report) };
    case "output": {
      const { attemptId, epoch, sequence, delta } = message;
      return { output: { attemptId, epoch, sequence, ...deltaToWire(delta) } };
    }
    case "end": {
      const { attemptId, epoch, ticket, result, pieces } = message;
      const whole = pieces === undefined ? {} : { whole: true, pieces: pieces.map(deltaToWire) };
      return { end: { attemptId, epoch, ticket, ...resultToWire(result), ...whole } };
    }
    case "logs": {
      const lines = message.lines.map(({ atMs, fields, ...line }) => ({
        ...line,
        ...{ atMs: Math.round(atMs), fieldsJson: JSON.stringify(fields) },
      }));
      return { logs: { lines, dropped: message.dropped } };
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
  variant,
  ...report
}: ReplicaReport): WireReplicaReport {
  return {
    ...report,
    modelSha256: modelSha256 ?? "",
    engineVersion: engineVersion ?? "",
    variant: variant ?? "",
    loadMs: Math.round(report.loadMs),
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
  const { orchestratorId, version, protocol, heartbeatIntervalMs, hasMirror } = wire;
  return {
    orchestratorId,
    version,
    protocol,
    heartbeatIntervalMs: Math.max(100, heartbeatIntervalMs),
    hasMirror,
  };
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
      const { attemptId, epoch, replicaId, request, whole, ticket, traceId } = body.value;
      return {
        kind: "assign",
        attemptId,
        epoch,
        replicaId,
        request: requestFromWire(request),
        isWhole: whole,
        ticket,
        traceId: traceId.slice(0, maxTraceIdLength),
      };
    }
    case "cancel":
      return { kind: "cancel", attemptId: body.value.attemptId, epoch: body.value.epoch };
    case "endAck": {
      const { attemptId, epoch, others } = body.value;
      return { kind: "end-ack", attempts: [{ attemptId, epoch }, ...others] };
    }
    case "load": {
      const { replicaId, modelUri, model, slots, contextTokens, variant, sha256, bytes } = body.value;
      const { gpuLayers, cpuOnly, projectorUri } = body.value;
      return {
        kind: "load",
        replicaId,
        modelUri,
        model: model || undefined,
        slots: slots || undefined,
        contextTokens: contextTokens || undefined,
        variant: variant || undefined,
        sha256: sha256 || undefined,
        bytes: bytes || undefined,
        gpuLayers,
        isCpuOnly: cpuOnly,
        projectorUri: projectorUri || undefined,
      };
    }
    case "fetch": {
      const { modelUri, sha256, bytes } = body.value;
      return { kind: "fetch", modelUri, sha256: sha256 || undefined, bytes: bytes || undefined };
    }
    case "forget":
      return { kind: "forget", modelUri: body.value.modelUri };
    case "unload":
      return { kind: "unload", replicaId: body.value.replicaId };
    case "drain":
      return { kind: "drain", reason: body.value.reason };
    case "renew":
      return { kind: "renew" };
    case "lend": {
      const { isPaused, seconds, reason } = body.value;
      return { kind: "lend", isPaused, seconds, reason };
    }
    case "heartbeatAck":
      return { kind: "heartbeat-ack", sequence: body.value.sequence };
    default:
      return body satisfies never;
  }
}
