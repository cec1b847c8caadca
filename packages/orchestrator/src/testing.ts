// For this repository's own tests and benches: adapters with what they need to be held to their contracts. Not a public entry.
export { createFairTags } from "./adapters/bullmq/fair-tags.ts";
export { createBullmqJobQueue } from "./adapters/bullmq/job-queue.ts";
export { sha256 } from "./adapters/common/sha256.ts";
export { openCertificateFiles } from "./adapters/disk/certificate-files.ts";
export { createDiskObjectStore } from "./adapters/disk/object-store.ts";
export { createPeculiarIssuer } from "./adapters/peculiar-x509/issuer.ts";
export { createRedisCommitLedger } from "./adapters/redis/commit-ledger.ts";
export { createRedisHistory } from "./adapters/redis/history.ts";
export { createRedisProvenReplicas } from "./adapters/redis/proven-replicas.ts";
export { createRedisQuota } from "./adapters/redis/quota.ts";
export { startSupervisedRedis } from "./adapters/redis/server.ts";
export { createRedisSessionStore } from "./adapters/redis/session-store.ts";
export { createRedisTenantClaims } from "./adapters/redis/tenant-claims.ts";
export { createRedisTokenBus } from "./adapters/redis/token-bus.ts";
export type { S3Options } from "./adapters/s3/bucket.ts";
export { createS3ObjectStore } from "./adapters/s3/object-store.ts";
export { objectKeys } from "./core/batches/keys.ts";
export { SegmentDecoder } from "./core/batches/segment-record-decoder.ts";
export { testIdentity, testReplica } from "./core/fleet/worker.fixture.ts";
export type { Sample } from "./core/live/sample.ts";
export { sampleText } from "./core/live/sample-text.ts";
export {
  expectedLoadMs,
  expectedTokensPerSecond,
  readSpeeds,
} from "./core/placement/expected-speed.ts";
export { explainFit } from "./core/placement/explain-fit.ts";
export {
  defaultPlacementPolicy,
  type ModelDemand,
  type PlacementAction,
  type PlacementModel,
  type PlacementState,
  type PlacementVariant,
  type PlacementWorker,
} from "./core/placement/fleet-state.ts";
export { place } from "./core/placement/place.ts";
export { fitsMemory, shapeLadder } from "./core/placement/replica-shapes.ts";
export { wholeBudget } from "./core/placement/room.ts";
export { chooseReplica } from "./core/scheduling/choose-replica.ts";
export { FleetRegistry } from "./flows/fleet-registry.ts";
export { FlowMeter } from "./flows/live/flow-meter.ts";
export { LiveFeed, type LiveSubscriber } from "./flows/live/live-feed.ts";
export { readHistory } from "./flows/live/read-history.ts";
export { Sampler } from "./flows/live/sampler.ts";
export { createLiveWording } from "./http/cluster/live-words.ts";
export { commitLedgerContract } from "./ports/commit-ledger.contract.ts";
export * as ledgerFixture from "./ports/commit-ledger.fixture.ts";
export { historyContract } from "./ports/history.contract.ts";
export { jobQueueContract } from "./ports/job-queue.contract.ts";
export { objectStoreContract } from "./ports/object-store.contract.ts";
export { provenReplicasContract } from "./ports/proven-replicas.contract.ts";
export { quotaContract } from "./ports/quota.contract.ts";
export type { CertificatePair, ServerCertificates } from "./ports/server-certificates.ts";
export { sessionStoreContract } from "./ports/session-store.contract.ts";
export { tenantClaimsContract } from "./ports/tenant-claims.contract.ts";
export { tokenBusContract } from "./ports/token-bus.contract.ts";
