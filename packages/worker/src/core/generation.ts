export type {
  ChatMessage,
  GenerateEvent,
  GenerateRequest,
  GenerateTimings,
  GenerateUsage,
  Prompt,
  Sampling,
} from "@muster/base";
