// For this repository's own tests and benches: adapters with what they need to be held to their contracts. Not a public entry.
export { createFairTags } from "./adapters/bullmq/fair-tags.ts";
export { createBullmqJobQueue } from "./adapters/bullmq/job-queue.ts";
export { createDiskObjectStore } from "./adapters/disk/object-store.ts";
export { createRedisCommitLedger } from "./adapters/redis/commit-ledger.ts";
export { startSupervisedRedis } from "./adapters/redis/server.ts";
export { createRedisTokenBus } from "./adapters/redis/token-bus.ts";
export type { S3Options } from "./adapters/s3/bucket.ts";
export { createS3ObjectStore } from "./adapters/s3/object-store.ts";
export { objectKeys } from "./core/batches/keys.ts";
export { SegmentDecoder } from "./core/batches/segment-record-decoder.ts";
export { testIdentity, testReplica } from "./core/fleet/worker.fixture.ts";
export { FleetRegistry } from "./flows/fleet-registry.ts";
export { commitLedgerContract } from "./ports/commit-ledger.contract.ts";
export * as ledgerFixture from "./ports/commit-ledger.fixture.ts";
export { jobQueueContract } from "./ports/job-queue.contract.ts";
export { objectStoreContract } from "./ports/object-store.contract.ts";
export { tokenBusContract } from "./ports/token-bus.contract.ts";
