/** Limits that hold for every endpoint; larger values are a client's mistake or an attack. */
export const limits = {
  maxChoices: 8,
  maxTokens: 262_144,
  maxStops: 16,
  maxStopLength: 256,
  maxMessages: 2_048,
  maxTools: 128,
  maxToolCalls: 128,
  maxSchemaLength: 262_144,
  maxToolsLength: 1_048_576,
  maxLogitBiases: 1_024,
  maxTopLogprobs: 20,
  maxImageBytes: 10 * 1024 * 1024,
  maxMediaParts: 20,
} as const;
