export { Muster, type MusterOptions } from "./client.ts";
export {
  AbortedError,
  AuthenticationError,
  BadRequestError,
  ConnectionError,
  type ErrorDetails,
  MusterApiError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  RequestTooLargeError,
  ServerError,
  StreamError,
  TimeoutError,
} from "./errors.ts";
export type { FetchFunction, RequestOptions } from "./http.ts";
export type { OutageOptions } from "./outage.ts";
export type { Audit, AuditQuery, AuditRecord, AuditReport } from "./resources/audit.ts";
export type {
  BatchBody,
  BatchEndpoint,
  BatchLine,
  BatchLines,
  BatchResponse,
} from "./resources/batch-lines.ts";
export { BatchFailedError, type BatchResult, type BatchResultError } from "./resources/batch-result.ts";
export type {
  Batch,
  BatchExtras,
  BatchForecast,
  BatchInputError,
  BatchPlan,
  BatchRequest,
  BatchSettings,
  BatchStatus,
  BatchSubmission,
  BatchUsage,
  FollowOptions,
} from "./resources/batch-types.ts";
export type { Batches, BatchQuery, RunOptions } from "./resources/batches.ts";
export type {
  CatalogueModel,
  CatalogueVariant,
  DeletedModel,
  ModelPin,
  ModelPlan,
  ModelToAdd,
} from "./resources/catalogue-types.ts";
export type {
  Chat,
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionRequest,
  ChatCompletions,
  ChatLogprobs,
  ChatMessage,
  ContentPart,
  ReasoningEffort,
  TokenLogprob,
} from "./resources/chat.ts";
export type {
  Completion,
  CompletionLogprobs,
  CompletionRequest,
  Completions,
} from "./resources/completions.ts";
export type { EmbeddingList, EmbeddingRequest, Embeddings } from "./resources/embeddings.ts";
export type { FileContent } from "./resources/file-content.ts";
export type { DeletedFile, FileObject, FileQuery, Files, FileUpload } from "./resources/files.ts";
export type {
  ApiKey,
  ApiKeyChange,
  ApiKeyRequest,
  KeyLimits,
  KeyScope,
  Keys,
  NewApiKey,
} from "./resources/keys.ts";
export type { Live } from "./resources/live.ts";
export type {
  DashboardSession,
  Finding,
  History,
  HistoryFlow,
  HistoryQuery,
  HistoryValues,
  LiveBatch,
  LiveChanges,
  LiveEvent,
  LiveFlow,
  LiveGpu,
  LiveHello,
  LiveNow,
  LiveReplica,
  LiveWorker,
  LogLine,
  LogQuery,
} from "./resources/live-types.ts";
export type { Logs } from "./resources/logs.ts";
export type {
  MirrorFetch,
  MirrorFile,
  MirrorOrder,
  MirrorResource,
  MirrorStatus,
  MirrorUpload,
  WorkerDisk,
} from "./resources/mirror.ts";
export type { List, Model, Models } from "./resources/models.ts";
export type { Rerank, Reranking, RerankRequest } from "./resources/rerank.ts";
export type { FinishReason, SamplingParams, Usage } from "./resources/sampling.ts";
export type { Tokenization, Tokenize, TokenizeRequest } from "./resources/tokenize.ts";
export type {
  JsonSchema,
  ResponseFormat,
  Tool,
  ToolCall,
  ToolCallDelta,
  ToolChoice,
} from "./resources/tools.ts";
export type { Authority, Trust, TrustResource } from "./resources/trust.ts";
export type {
  UsageCounts,
  UsageDimension,
  UsageQuery,
  UsageReport,
  UsageResource,
  UsageRow,
} from "./resources/usage.ts";
export type {
  EnergySums,
  Enrolment,
  Fleet,
  Gpu,
  Invite,
  InviteWish,
  PauseWish,
  Replica,
  Worker,
  WorkerAvailability,
  WorkerEnergy,
  WorkerHardware,
  WorkerPresence,
  Workers,
} from "./resources/workers.ts";
export type { ResponseInfo } from "./response-info.ts";
export { MusterStream } from "./stream.ts";
export type { FileSource } from "./upload.ts";
export type { WatchOptions } from "./watch-events.ts";
