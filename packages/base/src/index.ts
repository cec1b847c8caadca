export { Background } from "./node/background.ts";
export { checkedLookup, type Reach, RefusedHost, type ResolveHost } from "./node/checked-connect.ts";
export {
  defaultDataDirectory,
  type Env,
  readByteSize,
  readChoice,
  readInteger,
  readList,
  readText,
} from "./node/env.ts";
export { Lifecycle } from "./node/lifecycle.ts";
export { packageVersion } from "./node/package-version.ts";
export { createPinoLog, type LogLevel } from "./node/pino-log.ts";
export {
  isBelow,
  leadsInto,
  openFlags,
  openRegular,
  pathInside,
  realFolder,
  refusedName,
  requireUnlinked,
} from "./node/safe-path.ts";
export { systemClock } from "./node/system-clock.ts";
export { type BackoffPolicy, backoffMs } from "./pure/backoff.ts";
export { parseByteSize } from "./pure/byte-size.ts";
export { type Clock, ManualClock } from "./pure/clock.ts";
export { type Deferred, deferred } from "./pure/deferred.ts";
export {
  type ChatMessage,
  type EndReason,
  type GenerateRequest,
  type GenerateTimings,
  type GenerateUsage,
  goldenCacheSalt,
  type JsonSchema,
  type LogitBias,
  type Media,
  type OutputFormat,
  type Prompt,
  type Sampling,
  type Thinking,
  type TokenLogprob,
  type ToolCall,
  type ToolChoice,
  type ToolDefinition,
  type ToolUse,
} from "./pure/generation.ts";
export {
  type Availability,
  type FetchingFile,
  type Gpu,
  type GpuLoad,
  type Hardware,
  type Inventory,
  isLendingState,
  type LendingPolicy,
  type LendingState,
  lendingPolicies,
  lendingStates,
  type MachineLoad,
  type ProcessStats,
  type StoredFile,
} from "./pure/hardware.ts";
export { type AddressKind, addressKind, isEveryAddress, isLoopbackHost } from "./pure/host-address.ts";
export { type HostRule, parseHostRule, ruleFor } from "./pure/host-rule.ts";
export {
  type Capability,
  capabilities,
  type EmbedRequest,
  type InferenceDelta,
  type InferenceEnd,
  type InferenceEvent,
  type InferenceRequest,
  isCapability,
  neededCapabilities,
  type RerankRequest,
  type TokenizeRequest,
} from "./pure/inference.ts";
export { type Log, type LogFields, silentLog } from "./pure/log.ts";
export { Mailbox } from "./pure/mailbox.ts";
export {
  type ErrorCode,
  errorCodes,
  isErrorCode,
  MusterError,
  type MusterErrorOptions,
} from "./pure/muster-error.ts";
export { pause } from "./pure/pause.ts";
export { printableName, printableText } from "./pure/printable.ts";
export { maxWholeAnswerBytes, WholeAnswer } from "./pure/whole-answer.ts";
