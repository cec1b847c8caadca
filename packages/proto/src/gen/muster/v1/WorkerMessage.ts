// Original file: packages/proto/muster/v1/worker.proto

import type { Hello as _muster_v1_Hello, Hello__Output as _muster_v1_Hello__Output } from '../../muster/v1/Hello.ts';
import type { Heartbeat as _muster_v1_Heartbeat, Heartbeat__Output as _muster_v1_Heartbeat__Output } from '../../muster/v1/Heartbeat.ts';
import type { ReplicaReport as _muster_v1_ReplicaReport, ReplicaReport__Output as _muster_v1_ReplicaReport__Output } from '../../muster/v1/ReplicaReport.ts';
import type { Output as _muster_v1_Output, Output__Output as _muster_v1_Output__Output } from '../../muster/v1/Output.ts';
import type { AttemptEnd as _muster_v1_AttemptEnd, AttemptEnd__Output as _muster_v1_AttemptEnd__Output } from '../../muster/v1/AttemptEnd.ts';
import type { Draining as _muster_v1_Draining, Draining__Output as _muster_v1_Draining__Output } from '../../muster/v1/Draining.ts';
import type { Goodbye as _muster_v1_Goodbye, Goodbye__Output as _muster_v1_Goodbye__Output } from '../../muster/v1/Goodbye.ts';

export interface WorkerMessage {
  'hello'?: (_muster_v1_Hello | null);
  'heartbeat'?: (_muster_v1_Heartbeat | null);
  'replica'?: (_muster_v1_ReplicaReport | null);
  'output'?: (_muster_v1_Output | null);
  'end'?: (_muster_v1_AttemptEnd | null);
  'draining'?: (_muster_v1_Draining | null);
  'goodbye'?: (_muster_v1_Goodbye | null);
  'body'?: "hello"|"heartbeat"|"replica"|"output"|"end"|"draining"|"goodbye";
}

export interface WorkerMessage__Output {
  'hello'?: (_muster_v1_Hello__Output | null);
  'heartbeat'?: (_muster_v1_Heartbeat__Output | null);
  'replica'?: (_muster_v1_ReplicaReport__Output | null);
  'output'?: (_muster_v1_Output__Output | null);
  'end'?: (_muster_v1_AttemptEnd__Output | null);
  'draining'?: (_muster_v1_Draining__Output | null);
  'goodbye'?: (_muster_v1_Goodbye__Output | null);
  'body'?: "hello"|"heartbeat"|"replica"|"output"|"end"|"draining"|"goodbye";
}
