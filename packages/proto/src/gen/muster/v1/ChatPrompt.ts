// Original file: packages/proto/muster/v1/inference.proto

import type { ChatMessage as _muster_v1_ChatMessage, ChatMessage__Output as _muster_v1_ChatMessage__Output } from '../../muster/v1/ChatMessage.ts';

export interface ChatPrompt {
  'messages'?: (_muster_v1_ChatMessage)[];
}

export interface ChatPrompt__Output {
  'messages': (_muster_v1_ChatMessage__Output)[];
}
