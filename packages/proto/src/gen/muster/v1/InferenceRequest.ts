// Original file: packages/proto/muster/v1/inference.proto

import type { ChatPrompt as _muster_v1_ChatPrompt, ChatPrompt__Output as _muster_v1_ChatPrompt__Output } from '../../muster/v1/ChatPrompt.ts';
import type { TextPrompt as _muster_v1_TextPrompt, TextPrompt__Output as _muster_v1_TextPrompt__Output } from '../../muster/v1/TextPrompt.ts';
import type { Sampling as _muster_v1_Sampling, Sampling__Output as _muster_v1_Sampling__Output } from '../../muster/v1/Sampling.ts';

export interface InferenceRequest {
  'chat'?: (_muster_v1_ChatPrompt | null);
  'text'?: (_muster_v1_TextPrompt | null);
  'sampling'?: (_muster_v1_Sampling | null);
  'maxTokens'?: (number);
  'stop'?: (string)[];
  'prompt'?: "chat"|"text";
  '_maxTokens'?: "maxTokens";
}

export interface InferenceRequest__Output {
  'chat'?: (_muster_v1_ChatPrompt__Output | null);
  'text'?: (_muster_v1_TextPrompt__Output | null);
  'sampling': (_muster_v1_Sampling__Output | null);
  'maxTokens'?: (number);
  'stop': (string)[];
  'prompt'?: "chat"|"text";
  '_maxTokens'?: "maxTokens";
}
