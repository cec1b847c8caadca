// Original file: packages/proto/muster/v1/orchestrator.proto

import type { Welcome as _muster_v1_Welcome, Welcome__Output as _muster_v1_Welcome__Output } from '../../muster/v1/Welcome.ts';
import type { Refused as _muster_v1_Refused, Refused__Output as _muster_v1_Refused__Output } from '../../muster/v1/Refused.ts';
import type { Assign as _muster_v1_Assign, Assign__Output as _muster_v1_Assign__Output } from '../../muster/v1/Assign.ts';
import type { Cancel as _muster_v1_Cancel, Cancel__Output as _muster_v1_Cancel__Output } from '../../muster/v1/Cancel.ts';
import type { LoadReplica as _muster_v1_LoadReplica, LoadReplica__Output as _muster_v1_LoadReplica__Output } from '../../muster/v1/LoadReplica.ts';
import type { UnloadReplica as _muster_v1_UnloadReplica, UnloadReplica__Output as _muster_v1_UnloadReplica__Output } from '../../muster/v1/UnloadReplica.ts';
import type { Drain as _muster_v1_Drain, Drain__Output as _muster_v1_Drain__Output } from '../../muster/v1/Drain.ts';
import type { EndAck as _muster_v1_EndAck, EndAck__Output as _muster_v1_EndAck__Output } from '../../muster/v1/EndAck.ts';
import type { HeartbeatAck as _muster_v1_HeartbeatAck, HeartbeatAck__Output as _muster_v1_HeartbeatAck__Output } from '../../muster/v1/HeartbeatAck.ts';

export interface OrchestratorMessage {
  'welcome'?: (_muster_v1_Welcome | null);
  'refused'?: (_muster_v1_Refused | null);
  'assign'?: (_muster_v1_Assign | null);
  'cancel'?: (_muster_v1_Cancel | null);
  'load'?: (_muster_v1_LoadReplica | null);
  'unload'?: (_muster_v1_UnloadReplica | null);
  'drain'?: (_muster_v1_Drain | null);
  'endAck'?: (_muster_v1_EndAck | null);
  'heartbeatAck'?: (_muster_v1_HeartbeatAck | null);
  'body'?: "welcome"|"refused"|"assign"|"cancel"|"load"|"unload"|"drain"|"endAck"|"heartbeatAck";
}

export interface OrchestratorMessage__Output {
  'welcome'?: (_muster_v1_Welcome__Output | null);
  'refused'?: (_muster_v1_Refused__Output | null);
  'assign'?: (_muster_v1_Assign__Output | null);
  'cancel'?: (_muster_v1_Cancel__Output | null);
  'load'?: (_muster_v1_LoadReplica__Output | null);
  'unload'?: (_muster_v1_UnloadReplica__Output | null);
  'drain'?: (_muster_v1_Drain__Output | null);
  'endAck'?: (_muster_v1_EndAck__Output | null);
  'heartbeatAck'?: (_muster_v1_HeartbeatAck__Output | null);
  'body'?: "welcome"|"refused"|"assign"|"cancel"|"load"|"unload"|"drain"|"endAck"|"heartbeatAck";
}
