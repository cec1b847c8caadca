// Original file: packages/proto/muster/v1/worker.proto

import type { Failure as _muster_v1_Failure, Failure__Output as _muster_v1_Failure__Output } from '../../muster/v1/Failure.ts';
import type { Long } from '@grpc/proto-loader';

// Original file: packages/proto/muster/v1/worker.proto

export const _muster_v1_ReplicaReport_State = {
  STATE_UNSPECIFIED: 'STATE_UNSPECIFIED',
  STATE_FETCHING: 'STATE_FETCHING',
  STATE_LOADING: 'STATE_LOADING',
  STATE_READY: 'STATE_READY',
  STATE_CRASHED: 'STATE_CRASHED',
  STATE_FAILED: 'STATE_FAILED',
  STATE_UNLOADED: 'STATE_UNLOADED',
} as const;

export type _muster_v1_ReplicaReport_State =
  | 'STATE_UNSPECIFIED'
  | 0
  | 'STATE_FETCHING'
  | 1
  | 'STATE_LOADING'
  | 2
  | 'STATE_READY'
  | 3
  | 'STATE_CRASHED'
  | 4
  | 'STATE_FAILED'
  | 5
  | 'STATE_UNLOADED'
  | 6

export type _muster_v1_ReplicaReport_State__Output = typeof _muster_v1_ReplicaReport_State[keyof typeof _muster_v1_ReplicaReport_State]

export interface ReplicaReport {
  'replicaId'?: (string);
  'model'?: (string);
  'state'?: (_muster_v1_ReplicaReport_State);
  'progress'?: (number | string);
  'slots'?: (number);
  'contextTokens'?: (number);
  'engine'?: (string);
  'backend'?: (string);
  'fileBytes'?: (number | string | Long);
  'canChat'?: (boolean);
  'failure'?: (_muster_v1_Failure | null);
}

export interface ReplicaReport__Output {
  'replicaId': (string);
  'model': (string);
  'state': (_muster_v1_ReplicaReport_State__Output);
  'progress': (number);
  'slots': (number);
  'contextTokens': (number);
  'engine': (string);
  'backend': (string);
  'fileBytes': (number);
  'canChat': (boolean);
  'failure': (_muster_v1_Failure__Output | null);
}
