import type { BatchEventKind } from "./batch.ts";

/** Where everything about batches and files lies in the object store. */
export const objectKeys = {
  files: "files/",
  batches: "batches/",
  fileRecord: (fileId: string) => `files/${fileId}/record.json`,
  fileContent: (fileId: string) => `files/${fileId}/content`,
  file: (fileId: string) => `files/${fileId}/`,
  /** Empty objects, for listing: the truth about owners is in the records. */
  tenantFiles: (tenant: string) => `tenants/${tenant}/files/`,
  tenantFile: (tenant: string, fileId: string) => `tenants/${tenant}/files/${fileId}`,
  tenantBatches: (tenant: string) => `tenants/${tenant}/batches/`,
  tenantBatch: (tenant: string, batchId: string) => `tenants/${tenant}/batches/${batchId}`,
  /** Empty objects: the batches that are not over. */
  activeBatches: "active/",
  activeBatch: (batchId: string) => `active/${batchId}`,
  batch: (batchId: string) => `batches/${batchId}/`,
  batchRecord: (batchId: string) => `batches/${batchId}/record.json`,
  batchEvents: (batchId: string) => `batches/${batchId}/events/`,
  batchEvent: (batchId: string, kind: BatchEventKind) => `batches/${batchId}/events/${kind}.json`,
  /** There while the batch is paused. */
  batchPause: (batchId: string) => `batches/${batchId}/paused`,
  lineIndex: (batchId: string) => `batches/${batchId}/lines.index`,
  segments: (batchId: string) => `batches/${batchId}/segments/`,
  /** The log of one process; its pieces lie below. */
  segment: (batchId: string, writer: string) => `batches/${batchId}/segments/${writer}`,
  /** Taken by whoever rebuilds the ledger as this generation. */
  generation: (batchId: string, gen: number) => `batches/${batchId}/generations/${padded(gen)}`,
  generations: (batchId: string) => `batches/${batchId}/generations/`,
  /** The lines that were done when this generation began, and where their results are. */
  snapshot: (batchId: string, gen: number) => `batches/${batchId}/snapshots/${padded(gen)}`,
  snapshots: (batchId: string) => `batches/${batchId}/snapshots/`,
  /** The winners that the output is put together from. */
  finalIndex: (batchId: string) => `batches/${batchId}/final.index`,
  /** What was served lately, by whomever. */
  knownModels: "models/",
  knownModel: (digest: string) => `models/${digest}.json`,
  /** When workers are lent. */
  presences: "presence/",
  presence: (digest: string) => `presence/${digest}.json`,
  /** What administrators have changed about the catalogue. */
  addedModels: "catalogue/models/",
  addedModel: (id: string) => `catalogue/models/${id}.json`,
  pins: "catalogue/pins/",
  pin: (id: string) => `catalogue/pins/${id}.json`,
  /** What was read of files that the built-in list names. */
  seenFiles: "catalogue/files/",
  seenFile: (digest: string) => `catalogue/files/${digest}.json`,
  /** API keys, in parts; and on which day each was last used. */
  apiKeys: "trust/keys/",
  apiKeyUses: "trust/key-uses/",
  apiKeyUse: (keyId: string) => `trust/key-uses/${keyId}.json`,
  /** What is remembered of who did what: a log for each process, in pieces. */
  auditLogs: "audit/",
  auditLog: (writer: string) => `audit/${writer}`,
  /** What tickets of lines are computed with. */
  ticketSecret: "trust/line-tickets.key",
  /** What each process has counted of each day. */
  usage: "usage/",
  usageFile: (day: string, writer: string) => `usage/${day}/${writer}.json`,
  /** Which authorities vouch for the fleet: two orchestrators of one store must not have different ones. */
  trustAuthority: "trust/authority.json",
  enrolments: "trust/workers/",
  revocations: "trust/revoked/",
  invites: "trust/invites/",
  invite: (digest: string) => `trust/invites/${digest}.json`,
  /** There once the invitation has been taken: of several who try exactly one makes it. */
  usedInvites: "trust/invites-used/",
  usedInvite: (digest: string) => `trust/invites-used/${digest}`,
  cachedResult: (tenant: string, digest: string) =>
    `tenants/${tenant}/results/${digest.slice(0, 2)}/${digest}`,
} as const;

function padded(gen: number): string {
  return String(gen).padStart(8, "0");
}
