export { readGgufFile } from "./adapters/common/gguf-file.ts";
export { readModelProfile } from "./adapters/common/model-profile.ts";
export { createModelDownload } from "./adapters/http/model-download.ts";
export { defaultModelDirectory, type ModelStoreSettings, openModelStore } from "./compose-models.ts";
export { chooseStarterModel, type StarterModel } from "./compose-starter-model.ts";
export type { FactSource, GoldenPrompt, ModelEntry, ModelVariant } from "./core/catalogue/model-entry.ts";
export {
  type GgufHeader,
  type GgufHeaderResult,
  type GgufValue,
  maxGgufHeaderBytes,
  readGgufHeader,
} from "./core/gguf-header.ts";
export { isLoopbackHost } from "./core/loopback.ts";
export type { MemoryProfile, ReplicaMemory, ReplicaShape } from "./core/memory-profile.ts";
export { modelParts } from "./core/model-parts.ts";
export {
  defaultModelName,
  formatModelUri,
  type ModelUri,
  parseModelUri,
  type UpstreamAddress,
} from "./core/model-uri.ts";
export { type ComputePlace, type ExpectedRates, expectedRates } from "./core/sizing/expected-rates.ts";
export { type Fit, type FitWish, fitShape } from "./core/sizing/fit-shape.ts";
export { type MemoryProfileResult, memoryProfile } from "./core/sizing/memory-profile.ts";
export {
  gpuContextBytes,
  gpuProcessBytes,
  type MemoryParts,
  memoryParts,
  processBytes,
  replicaMemory,
} from "./core/sizing/replica-memory.ts";
export type { DownloadedFile, DownloadRequest, ModelDownload } from "./ports/model-download.ts";
export type { HubFile, ModelHub } from "./ports/model-hub.ts";
export type { ModelProgress, ModelStore, StoredModel } from "./ports/model-store.ts";
