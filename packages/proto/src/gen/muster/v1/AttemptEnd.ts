// Original file: packages/proto/muster/v1/worker.proto

import type { Usage as _muster_v1_Usage, Usage__Output as _muster_v1_Usage__Output } from '../../muster/v1/Usage.ts';
import type { Timings as _muster_v1_Timings, Timings__Output as _muster_v1_Timings__Output } from '../../muster/v1/Timings.ts';
import type { Failure as _muster_v1_Failure, Failure__Output as _muster_v1_Failure__Output } from '../../muster/v1/Failure.ts';

// Original file: packages/proto/muster/v1/worker.proto

export const _muster_v1_AttemptEnd_Outcome = {
  OUTCOME_UNSPECIFIED: 'OUTCOME_UNSPECIFIED',
  OUTCOME_STOP: 'OUTCOME_STOP',
  OUTCOME_LENGTH: 'OUTCOME_LENGTH',
  OUTCOME_CANCELLED: 'OUTCOME_CANCELLED',
  OUTCOME_FAILED: 'OUTCOME_FAILED',
} as const;

export type _muster_v1_AttemptEnd_Outcome =
  | 'OUTCOME_UNSPECIFIED'
  | 0
  | 'OUTCOME_STOP'
  | 1
  | 'OUTCOME_LENGTH'
  | 2
  | 'OUTCOME_CANCELLED'
  | 3
  | 'OUTCOME_FAILED'
  | 4

export type _muster_v1_AttemptEnd_Outcome__Output = typeof _muster_v1_AttemptEnd_Outcome[keyof typeof _muster_v1_AttemptEnd_Outcome]

export interface AttemptEnd {
  'attemptId'?: (string);
  'epoch'?: (number);
  'outcome'?: (_muster_v1_AttemptEnd_Outcome);
  'usage'?: (_muster_v1_Usage | null);
  'timings'?: (_muster_v1_Timings | null);
  'failure'?: (_muster_v1_Failure | null);
}

export interface AttemptEnd__Output {
  'attemptId': (string);
  'epoch': (number);
  'outcome': (_muster_v1_AttemptEnd_Outcome__Output);
  'usage': (_muster_v1_Usage__Output | null);
  'timings': (_muster_v1_Timings__Output | null);
  'failure': (_muster_v1_Failure__Output | null);
}
