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
  ChatMessage,
} from "./resources/chat.ts";
export type { Completion, CompletionRequest, Completions } from "./resources/completions.ts";
export type { List, Model, Models } from "./resources/models.ts";
export type { FinishReason, SamplingParams, Usage } from "./resources/sampling.ts";
export type { Gpu, Replica, Worker, WorkerHardware, Workers } from "./resources/workers.ts";
export type { ResponseInfo } from "./response-info.ts";
export { MusterStream } from "./stream.ts";
