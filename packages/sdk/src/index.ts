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
export type { Gpu, Replica, Worker, WorkerHardware, Workers } from "./resources/workers.ts";
export type { ResponseInfo } from "./response-info.ts";
export { MusterStream } from "./stream.ts";
