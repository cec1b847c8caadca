// Original file: packages/proto/muster/v1/orchestrator.proto

import type { InferenceRequest as _muster_v1_InferenceRequest, InferenceRequest__Output as _muster_v1_InferenceRequest__Output } from '../../muster/v1/InferenceRequest.ts';

export interface Assign {
  'attemptId'?: (string);
  'epoch'?: (number);
  'replicaId'?: (string);
  'request'?: (_muster_v1_InferenceRequest | null);
}

export interface Assign__Output {
  'attemptId': (string);
  'epoch': (number);
  'replicaId': (string);
  'request': (_muster_v1_InferenceRequest__Output | null);
}
