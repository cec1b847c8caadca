export type { FoundOrchestrator } from "@muster/proto";
export { createGrpcMirror } from "./adapters/grpc/mirror.ts";
export { createGrpcOrchestratorLink } from "./adapters/grpc/orchestrator-link.ts";
export { askWorker } from "./adapters/local-socket/client.ts";
export { createNodeLlamaCppEngine } from "./adapters/node-llama-cpp/engine.ts";
export { createStubEngine } from "./adapters/stub/engine.ts";
export { type RunningWorker, startWorker, type WorkerHooks } from "./compose.ts";
export { answers, findOrchestrators } from "./compose-discovery.ts";
export {
  buildEngine,
  defaultEngineDirectory,
  type EngineBuildState,
  engineBuildState,
} from "./compose-engine-build.ts";
export { probeFreeMemory, probeHardware } from "./compose-hardware.ts";
export { type JoinedAs, joinFleet, readJoined } from "./compose-join.ts";
export { loadWorkerConfig, type ModelOffer, type WorkerConfig, type WorkerOverrides } from "./config.ts";
export type { FreeMemory } from "./core/free-memory.ts";
export type { ReplicaReport } from "./core/link-messages.ts";
export type { LocalCommand, LocalStatus } from "./core/local-command.ts";
export { version } from "./version.ts";
