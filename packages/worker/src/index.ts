export { createGrpcMirror } from "./adapters/grpc/mirror.ts";
export { createGrpcOrchestratorLink } from "./adapters/grpc/orchestrator-link.ts";
export { createNodeLlamaCppEngine } from "./adapters/node-llama-cpp/engine.ts";
export { createStubEngine } from "./adapters/stub/engine.ts";
export { probeHardware, type RunningWorker, startWorker, type WorkerHooks } from "./compose.ts";
export {
  buildEngine,
  defaultEngineDirectory,
  type EngineBuildState,
  engineBuildState,
} from "./compose-engine-build.ts";
export { loadWorkerConfig, type ModelOffer, type WorkerConfig, type WorkerOverrides } from "./config.ts";
export type { ReplicaReport } from "./core/link-messages.ts";
export { version } from "./version.ts";
