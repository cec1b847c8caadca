import { fileURLToPath } from "node:url";
import { type GrpcObject, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { EnrolClient, EnrolDefinition } from "./gen/muster/v1/Enrol.ts";
import type { FleetClient, FleetDefinition } from "./gen/muster/v1/Fleet.ts";
import type { OrchestratorMessage__Output } from "./gen/muster/v1/OrchestratorMessage.ts";
import type { WorkerMessage__Output } from "./gen/muster/v1/WorkerMessage.ts";
import { protocolVersions } from "./protocol.ts";

export { type FoundOrchestrator, foundOrchestrators } from "./discovery/found.ts";
export {
  multicastAddresses,
  type NetworkAddress,
  networkAddresses,
  openMdnsSocket,
} from "./discovery/mdns-socket.ts";
export {
  addressOf,
  discoveryType,
  isSpokenWith,
  noticeFromTxt,
  noticeToTxt,
  type OrchestratorNotice,
} from "./discovery/notice.ts";
export type {
  AttemptEnd as WireAttemptEnd,
  AttemptEnd__Output as WireAttemptEndRead,
} from "./gen/muster/v1/AttemptEnd.ts";
export type { Availability__Output as WireAvailabilityRead } from "./gen/muster/v1/Availability.ts";
export type {
  BlobPiece as WireBlobPiece,
  BlobPiece__Output as WireBlobPieceRead,
} from "./gen/muster/v1/BlobPiece.ts";
export type {
  BlobRequest as WireBlobRequest,
  BlobRequest__Output as WireBlobRequestRead,
} from "./gen/muster/v1/BlobRequest.ts";
export type { EnrolClient, EnrolHandlers } from "./gen/muster/v1/Enrol.ts";
export type {
  Enrolled as WireEnrolled,
  Enrolled__Output as WireEnrolledRead,
} from "./gen/muster/v1/Enrolled.ts";
export type { FleetClient, FleetHandlers } from "./gen/muster/v1/Fleet.ts";
export type {
  Hardware as WireHardware,
  Hardware__Output as WireHardwareRead,
} from "./gen/muster/v1/Hardware.ts";
export type { Hello__Output as WireHelloRead } from "./gen/muster/v1/Hello.ts";
export type {
  InferenceRequest as WireInferenceRequest,
  InferenceRequest__Output as WireInferenceRequestRead,
} from "./gen/muster/v1/InferenceRequest.ts";
export type { Inventory__Output as WireInventoryRead } from "./gen/muster/v1/Inventory.ts";
export type { LogLines__Output as WireLogLinesRead } from "./gen/muster/v1/LogLines.ts";
export type {
  OrchestratorMessage,
  OrchestratorMessage__Output as OrchestratorMessageRead,
} from "./gen/muster/v1/OrchestratorMessage.ts";
export type { Output__Output as WireOutputRead } from "./gen/muster/v1/Output.ts";
export type {
  ReplicaReport as WireReplicaReport,
  ReplicaReport__Output as WireReplicaReportRead,
} from "./gen/muster/v1/ReplicaReport.ts";
export type { Usage__Output as WireUsageRead } from "./gen/muster/v1/Usage.ts";
export type {
  WorkerMessage,
  WorkerMessage__Output as WorkerMessageRead,
} from "./gen/muster/v1/WorkerMessage.ts";
export { protocolVersions } from "./protocol.ts";
export {
  formatInvitation,
  type Invitation,
  invitationPattern,
  parseInvitation,
} from "./trust/invitation.ts";
export { identityUri, serverName, workerIdFrom } from "./trust/names.ts";

/** Larger than any request body that HTTP lets in: a message over gRPC's limit would end the whole stream. */
export const maxMessageBytes = 16 * 1024 * 1024;

/** The highest version that both ranges hold, or undefined. */
export function negotiateProtocol(
  peer: { readonly min: number; readonly max: number },
  own: { readonly min: number; readonly max: number } = protocolVersions,
): number | undefined {
  const version = Math.min(peer.max, own.max);
  return version >= Math.max(peer.min, own.min) ? version : undefined;
}

const protoRoot = fileURLToPath(new URL("..", import.meta.url));

interface ServicePackage<Definition, ServiceClient> {
  readonly service: Definition;
  readonly Client: new (...args: ConstructorParameters<ServiceClientConstructor>) => ServiceClient;
}
type FleetPackage = ServicePackage<FleetDefinition, FleetClient>;
type EnrolPackage = ServicePackage<EnrolDefinition, EnrolClient>;

let fleet: FleetPackage | undefined;
let enrol: EnrolPackage | undefined;

/** Reads the .proto files (once) and gives the service's definition and client. */
export function loadFleet(): FleetPackage {
  fleet ??= load("fleet.proto", "Fleet") as FleetPackage;
  return fleet;
}

/** As `loadFleet`, of the service for those who have no certificate yet, or no longer. */
export function loadEnrol(): EnrolPackage {
  enrol ??= load("enrol.proto", "Enrol") as EnrolPackage;
  return enrol;
}

function load(file: string, service: string): ServicePackage<unknown, unknown> {
  const definition = loadSync(`muster/v1/${file}`, {
    includeDirs: [protoRoot],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const muster = loadPackageDefinition(definition)["muster"] as GrpcObject;
  const client = (muster["v1"] as GrpcObject)[service] as ServiceClientConstructor;
  return { service: client.service, Client: client as unknown as EnrolPackage["Client"] };
}

type BodyOf<M extends { body?: string | undefined }> = {
  [K in NonNullable<M["body"]> & keyof M]: { readonly kind: K; readonly value: NonNullable<M[K]> };
}[NonNullable<M["body"]> & keyof M];

export type WorkerBody = BodyOf<WorkerMessage__Output>;
export type OrchestratorBody = BodyOf<OrchestratorMessage__Output>;

/**
 * The one field that is set in a message's `body`, as a union that narrows by `kind`; undefined for a kind that this
 * build does not know (the generated types do not narrow).
 */
export function workerBody(message: WorkerMessage__Output): WorkerBody | undefined {
  return bodyOf(message) as WorkerBody | undefined;
}

/** As `workerBody`, for the other direction. */
export function orchestratorBody(message: OrchestratorMessage__Output): OrchestratorBody | undefined {
  return bodyOf(message) as OrchestratorBody | undefined;
}

function bodyOf(message: { readonly body?: string }): { kind: string; value: unknown } | undefined {
  if (message.body === undefined) return undefined;
  const value = (message as Readonly<Record<string, unknown>>)[message.body];
  return value === undefined || value === null ? undefined : { kind: message.body, value };
}

export { deltaFromWire, deltaToWire } from "./convert/delta.ts";
export { hardwareFromWire, hardwareToWire, loadFromWire, loadToWire } from "./convert/hardware.ts";
export { requestFromWire, requestToWire } from "./convert/request.ts";
