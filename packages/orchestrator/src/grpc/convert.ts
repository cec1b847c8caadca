import {
  type Availability,
  type ErrorCode,
  type Hardware,
  type InferenceDelta,
  type Inventory,
  isCapability,
  isErrorCode,
  isLendingState,
  lendingPolicies,
  MusterError,
  printableName,
} from "@muster/base";
import {
  deltaFromWire,
  hardwareFromWire,
  type OrchestratorMessage,
  requestToWire,
  type WireAttemptEndRead,
  type WireAvailabilityRead,
  type WireHelloRead,
  type WireInventoryRead,
  type WireReplicaReportRead,
} from "@muster/proto";
import type { Replica, ReplicaState, WorkerIdentity } from "../core/fleet/worker.ts";
import { withoutPaths } from "../core/without-paths.ts";
import type { EndOfAttempt } from "../flows/attempt-outcome.ts";
import type { AttemptReport } from "../flows/attempt-table.ts";
import type { WorkerCommand } from "../ports/worker-link.ts";

/** Between the wire and the orchestrator's values. What a worker says is checked here, and trusted nowhere. */

const idPattern = /^[A-Za-z0-9._-]{1,128}$/;
const sha256Pattern = /^[0-9a-f]{64}$/;
const maxNameLength = 128;
const maxLabels = 64;
const maxGpus = 32;
const maxStoredModels = 1_024;
const maxUriLength = 2_048;
const maxReasonLength = 300;
const maxTicketLength = 64;
/** What a worker may say of an attempt. Other codes are the orchestrator's own: they steer clients. */
const workerCodes: ReadonlySet<ErrorCode> = new Set([
  "invalid_request",
  "context_length_exceeded",
  "unsupported",
  "engine_crashed",
  "engine_failed",
  "model_load_failed",
  "not_ready",
  "shutting_down",
  "given_back",
]);
/** More slots than one replica could ever run: node-llama-cpp allows 256 sequences. */
const maxSlots = 4_096;

/** Attempts that a worker may bring along from an earlier link. */
const maxRunning = 4_096;

/** Throws MusterError `invalid_request` naming the field. */
export function identityFromHello(hello: WireHelloRead): WorkerIdentity {
  if (!idPattern.test(hello.workerId)) {
    throw new MusterError(
      "invalid_request",
      "worker_id must be 1 to 128 letters, digits, dots, dashes, underscores.",
    );
  }
  const labels = Object.entries(hello.labels).slice(0, maxLabels);
  return {
    id: hello.workerId,
    name: printable(hello.name) || hello.workerId,
    version: printable(hello.version),
    labels: Object.fromEntries(labels.map(([key, value]) => [printable(key), printable(value)])),
    hardware: boundedHardware(hardwareFromWire(hello.hardware)),
    takesPlacement: hello.takesPlacement,
    engine: printable(hello.engine),
    engineVersion: printable(hello.engineVersion) || undefined,
  };
}

/** A state that this orchestrator does not know is a reason not to lend that it has not heard of yet. */
export function availabilityFromWire(wire: WireAvailabilityRead): Availability {
  return {
    state: isLendingState(wire.state) ? wire.state : "unknown",
    reason: printable(wire.reason, maxReasonLength),
    policy: lendingPolicies.find((policy) => policy === wire.policy) ?? "always",
  };
}

export function inventoryFromWire(wire: WireInventoryRead): Inventory {
  const { models, freeDiskBytes, budgetBytes, fetching } = wire;
  return {
    models: models.slice(0, maxStoredModels).map(({ uri, bytes, sha256, lastUsedMs }) => ({
      uri: printable(uri, maxUriLength),
      bytes,
      sha256: sha256Pattern.test(sha256) ? sha256 : undefined,
      lastUsedMs: lastUsedMs || undefined,
    })),
    freeDiskBytes,
    budgetBytes: budgetBytes || undefined,
    fetching: fetching.slice(0, maxStoredModels).map(({ uri, doneBytes, totalBytes, problem }) => ({
      uri: printable(uri, maxUriLength),
      doneBytes,
      totalBytes: totalBytes || undefined,
      problem: printable(problem, maxReasonLength) || undefined,
    })),
  };
}

/** What the worker runs since an earlier link. */
export function runningFromHello({ running }: WireHelloRead) {
  return running
    .slice(0, maxRunning)
    .filter(({ replicaId }) => idPattern.test(replicaId))
    .map(({ attemptId, epoch, replicaId }) => ({ attemptId, epoch, replicaId }));
}

const replicaStates: Readonly<Record<string, ReplicaState>> = {
  STATE_FETCHING: "fetching",
  STATE_LOADING: "loading",
  STATE_READY: "ready",
  STATE_CRASHED: "crashed",
  STATE_FAILED: "failed",
  STATE_UNLOADED: "unloaded",
};

function boundedHardware(hardware: Hardware): Hardware {
  const { hostname, platform, arch, cpuModel, backend, gpus } = hardware;
  return {
    ...hardware,
    hostname: printable(hostname),
    platform: printable(platform),
    arch: printable(arch),
    cpuModel: printable(cpuModel),
    backend: printable(backend),
    gpus: gpus.slice(0, maxGpus).map((gpu) => ({
      ...gpu,
      name: printable(gpu.name),
      ...(gpu.uuid === undefined ? {} : { uuid: printable(gpu.uuid) }),
      ...(gpu.driverVersion === undefined ? {} : { driverVersion: printable(gpu.driverVersion) }),
    })),
  };
}

/** Undefined for a report that makes no sense: it is dropped. */
export function replicaFromWire(wire: WireReplicaReportRead): Replica | undefined {
  const state = replicaStates[wire.state];
  if (state === undefined || !idPattern.test(wire.replicaId)) return undefined;
  const model = printable(wire.model);
  if (model === "") return undefined;
  return {
    id: wire.replicaId,
    model,
    state,
    progress: Math.min(1, Math.max(0, wire.progress || 0)),
    slots: Math.min(wire.slots, maxSlots),
    contextTokens: wire.contextTokens,
    engine: printable(wire.engine),
    backend: printable(wire.backend),
    fileBytes: wire.fileBytes,
    capabilities: new Set(wire.capabilities.filter(isCapability)),
    modelSha256: sha256Pattern.test(wire.modelSha256) ? wire.modelSha256 : undefined,
    engineVersion: printable(wire.engineVersion) || undefined,
    failure: wire.failure === null ? undefined : failureFromWire(wire.failure),
    vramBytes: wire.vramBytes,
    ramBytes: wire.ramBytes,
    isFixed: wire.isFixed,
    variant: printable(wire.variant) || undefined,
    modelUri: printable(wire.modelUri, maxUriLength),
    gpuLayers: wire.gpuLayers,
    layers: wire.layers,
    loadMs: wire.loadMs,
  };
}

const endReasons = {
  OUTCOME_STOP: "stop",
  OUTCOME_LENGTH: "length",
  OUTCOME_TOOL_CALLS: "tool_calls",
} as const;

export function endFromWire(end: WireAttemptEndRead): EndOfAttempt {
  const { whole, pieces } = end;
  const named = { attemptId: end.attemptId, epoch: end.epoch, ticket: end.ticket.slice(0, maxTicketLength) };
  if (!whole) return { ...named, report: reportFromEnd(end), pieces: undefined };
  const deltas: InferenceDelta[] = [];
  for (const piece of pieces) {
    const delta = deltaFromWire(piece);
    if (delta === undefined) return { ...named, report: unreadable, pieces: [] };
    deltas.push(delta);
  }
  return { ...named, report: reportFromEnd(end), pieces: deltas };
}

const unreadable: AttemptReport = {
  kind: "failed",
  code: "engine_failed",
  message: "The worker's answer has pieces that this orchestrator does not know: update the orchestrator.",
};

function reportFromEnd(end: WireAttemptEndRead): AttemptReport {
  switch (end.outcome) {
    case "OUTCOME_STOP":
    case "OUTCOME_LENGTH":
    case "OUTCOME_TOOL_CALLS":
      return {
        kind: "finished",
        reason: endReasons[end.outcome],
        usage: {
          promptTokens: end.usage?.promptTokens ?? 0,
          cachedTokens: end.usage?.cachedTokens ?? 0,
          completionTokens: end.usage?.completionTokens ?? 0,
          ...(end.usage?.reasoningTokens ? { reasoningTokens: end.usage.reasoningTokens } : {}),
        },
        timings: { prefillMs: end.timings?.prefillMs ?? 0, decodeMs: end.timings?.decodeMs ?? 0 },
        ...(end.stopText === undefined ? {} : { stopText: end.stopText }),
      };
    case "OUTCOME_CANCELLED":
      return { kind: "cancelled" };
    case "OUTCOME_FAILED":
    case "OUTCOME_UNSPECIFIED":
      return { kind: "failed", ...failureFromWire(end.failure) };
    default:
      return end.outcome satisfies never;
  }
}

export function commandToWire(command: WorkerCommand): OrchestratorMessage {
  switch (command.kind) {
    case "assign": {
      const { attemptId, epoch, replicaId, isWhole: whole, ticket = "", traceId = "" } = command;
      const request = requestToWire(command.request);
      return { assign: { attemptId, epoch, replicaId, request, whole, ticket, traceId } };
    }
    case "cancel":
      return { cancel: { attemptId: command.attemptId, epoch: command.epoch } };
    case "ack-end":
      return { endAck: { attemptId: command.attemptId, epoch: command.epoch } };
    case "load":
      return {
        load: {
          replicaId: command.replicaId,
          modelUri: command.modelUri,
          model: command.model ?? "",
          slots: command.slots ?? 0,
          contextTokens: command.contextTokens ?? 0,
          variant: command.variant ?? "",
          sha256: command.sha256 ?? "",
          bytes: command.bytes ?? 0,
          ...(command.gpuLayers === undefined ? {} : { gpuLayers: command.gpuLayers }),
          cpuOnly: command.isCpuOnly ?? false,
          projectorUri: command.projectorUri ?? "",
        },
      };
    case "fetch": {
      const { modelUri, sha256 = "", bytes = 0 } = command;
      return { fetch: { modelUri, sha256, bytes } };
    }
    case "forget":
      return { forget: { modelUri: command.modelUri } };
    case "unload":
      return { unload: { replicaId: command.replicaId } };
    case "drain":
      return { drain: { reason: command.reason } };
    case "lend": {
      const { isPaused, seconds, reason } = command;
      return { lend: { isPaused, seconds, reason } };
    }
    default:
      return command satisfies never;
  }
}

interface WireFailure {
  readonly code: string;
  readonly message: string;
  readonly param?: string | undefined;
}

function failureFromWire(failure: WireFailure | null): {
  code: ErrorCode;
  message: string;
  param?: string;
} {
  const code = failure?.code ?? "";
  return {
    ...(failure?.param === undefined ? {} : { param: printable(failure.param) }),
    code: isErrorCode(code) && workerCodes.has(code) ? code : "engine_failed",
    message: printable(withoutPaths(failure?.message ?? ""), 2_000) || "The worker gave no reason.",
  };
}

/** Safe to show, and of bounded length: it ends up in logs, pages and metrics. */
function printable(text: string, maxLength = maxNameLength): string {
  return printableName(text, maxLength);
}
