export { readGgufFile } from "./adapters/common/gguf-file.ts";
export { hashFile } from "./adapters/common/hash-file.ts";
export { readModelProfile } from "./adapters/common/model-profile.ts";
export { createModelDownload } from "./adapters/http/model-download.ts";
export {
  defaultModelDirectory,
  type ModelStoreSettings,
  openMirrorModels,
  openModelInspector,
  openModelStore,
  openWorkerModels,
} from "./compose-models.ts";
export { hostsOf, reachOf } from "./compose-reach.ts";
export { chooseStarterModel, type StarterModel } from "./compose-starter-model.ts";
export {
  builtInCatalogue,
  entryOfFile,
  type FoundModel,
  familiesOf,
  findModel,
} from "./core/catalogue/catalogue.ts";
export { chooseVariant, type VariantChoice } from "./core/catalogue/choose-variant.ts";
export { type AddedFile, entryFromHeader } from "./core/catalogue/entry-from-header.ts";
export type {
  FactSource,
  GoldenPrompt,
  ModelEntry,
  ModelKind,
  ModelVariant,
  RecommendedSampling,
} from "./core/catalogue/model-entry.ts";
export { nearNames } from "./core/catalogue/near-names.ts";
export { qualityOrder, quantisationInName } from "./core/catalogue/quantisations.ts";
export { tinyGemmaGolden, tinyGemmaSha256 } from "./core/catalogue/tiny-gemma-golden.ts";
export {
  type GgufHeader,
  type GgufHeaderResult,
  type GgufValue,
  maxGgufHeaderBytes,
  readGgufHeader,
} from "./core/gguf-header.ts";
export type { MemoryProfile, ReplicaMemory, ReplicaShape } from "./core/memory-profile.ts";
export { modelParts } from "./core/model-parts.ts";
export {
  defaultModelName,
  type FetchedUri,
  formatModelUri,
  isFetched,
  type ModelUri,
  parseModelUri,
  type UpstreamAddress,
} from "./core/model-uri.ts";
export { isOwnAddress } from "./core/own-address.ts";
export { modelSources } from "./core/part-uris.ts";
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
export { type FetchPolicy, fetchPolicies } from "./flows/mirror-first.ts";
export type { BlobAsk, BlobFeed, BlobFlow } from "./ports/blob-feed.ts";
export type { DownloadedFile, DownloadRequest, ModelDownload, PartState } from "./ports/model-download.ts";
export type { ModelFileStore } from "./ports/model-file-store.ts";
export type { HubFile, ModelHub } from "./ports/model-hub.ts";
export type { InspectedModel, ModelInspector } from "./ports/model-inspector.ts";
export type { ModelShelf, ShelfSpace, ShelvedFile } from "./ports/model-shelf.ts";
export type {
  ExpectedFile,
  ModelProgress,
  ModelStore,
  StoredModel,
} from "./ports/model-store.ts";
