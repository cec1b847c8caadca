import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { Assign as _muster_v1_Assign, Assign__Output as _muster_v1_Assign__Output } from './muster/v1/Assign.ts';
import type { AttemptEnd as _muster_v1_AttemptEnd, AttemptEnd__Output as _muster_v1_AttemptEnd__Output } from './muster/v1/AttemptEnd.ts';
import type { Cancel as _muster_v1_Cancel, Cancel__Output as _muster_v1_Cancel__Output } from './muster/v1/Cancel.ts';
import type { ChatMessage as _muster_v1_ChatMessage, ChatMessage__Output as _muster_v1_ChatMessage__Output } from './muster/v1/ChatMessage.ts';
import type { ChatPrompt as _muster_v1_ChatPrompt, ChatPrompt__Output as _muster_v1_ChatPrompt__Output } from './muster/v1/ChatPrompt.ts';
import type { Drain as _muster_v1_Drain, Drain__Output as _muster_v1_Drain__Output } from './muster/v1/Drain.ts';
import type { Draining as _muster_v1_Draining, Draining__Output as _muster_v1_Draining__Output } from './muster/v1/Draining.ts';
import type { EndAck as _muster_v1_EndAck, EndAck__Output as _muster_v1_EndAck__Output } from './muster/v1/EndAck.ts';
import type { Failure as _muster_v1_Failure, Failure__Output as _muster_v1_Failure__Output } from './muster/v1/Failure.ts';
import type { FleetClient as _muster_v1_FleetClient, FleetDefinition as _muster_v1_FleetDefinition } from './muster/v1/Fleet.ts';
import type { Goodbye as _muster_v1_Goodbye, Goodbye__Output as _muster_v1_Goodbye__Output } from './muster/v1/Goodbye.ts';
import type { Gpu as _muster_v1_Gpu, Gpu__Output as _muster_v1_Gpu__Output } from './muster/v1/Gpu.ts';
import type { Hardware as _muster_v1_Hardware, Hardware__Output as _muster_v1_Hardware__Output } from './muster/v1/Hardware.ts';
import type { Heartbeat as _muster_v1_Heartbeat, Heartbeat__Output as _muster_v1_Heartbeat__Output } from './muster/v1/Heartbeat.ts';
import type { HeartbeatAck as _muster_v1_HeartbeatAck, HeartbeatAck__Output as _muster_v1_HeartbeatAck__Output } from './muster/v1/HeartbeatAck.ts';
import type { Hello as _muster_v1_Hello, Hello__Output as _muster_v1_Hello__Output } from './muster/v1/Hello.ts';
import type { InferenceRequest as _muster_v1_InferenceRequest, InferenceRequest__Output as _muster_v1_InferenceRequest__Output } from './muster/v1/InferenceRequest.ts';
import type { LoadReplica as _muster_v1_LoadReplica, LoadReplica__Output as _muster_v1_LoadReplica__Output } from './muster/v1/LoadReplica.ts';
import type { OrchestratorMessage as _muster_v1_OrchestratorMessage, OrchestratorMessage__Output as _muster_v1_OrchestratorMessage__Output } from './muster/v1/OrchestratorMessage.ts';
import type { Output as _muster_v1_Output, Output__Output as _muster_v1_Output__Output } from './muster/v1/Output.ts';
import type { Refused as _muster_v1_Refused, Refused__Output as _muster_v1_Refused__Output } from './muster/v1/Refused.ts';
import type { ReplicaReport as _muster_v1_ReplicaReport, ReplicaReport__Output as _muster_v1_ReplicaReport__Output } from './muster/v1/ReplicaReport.ts';
import type { Sampling as _muster_v1_Sampling, Sampling__Output as _muster_v1_Sampling__Output } from './muster/v1/Sampling.ts';
import type { TextPrompt as _muster_v1_TextPrompt, TextPrompt__Output as _muster_v1_TextPrompt__Output } from './muster/v1/TextPrompt.ts';
import type { Timings as _muster_v1_Timings, Timings__Output as _muster_v1_Timings__Output } from './muster/v1/Timings.ts';
import type { UnloadReplica as _muster_v1_UnloadReplica, UnloadReplica__Output as _muster_v1_UnloadReplica__Output } from './muster/v1/UnloadReplica.ts';
import type { Usage as _muster_v1_Usage, Usage__Output as _muster_v1_Usage__Output } from './muster/v1/Usage.ts';
import type { Welcome as _muster_v1_Welcome, Welcome__Output as _muster_v1_Welcome__Output } from './muster/v1/Welcome.ts';
import type { WorkerMessage as _muster_v1_WorkerMessage, WorkerMessage__Output as _muster_v1_WorkerMessage__Output } from './muster/v1/WorkerMessage.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  muster: {
    v1: {
      Assign: MessageTypeDefinition<_muster_v1_Assign, _muster_v1_Assign__Output>
      AttemptEnd: MessageTypeDefinition<_muster_v1_AttemptEnd, _muster_v1_AttemptEnd__Output>
      Cancel: MessageTypeDefinition<_muster_v1_Cancel, _muster_v1_Cancel__Output>
      ChatMessage: MessageTypeDefinition<_muster_v1_ChatMessage, _muster_v1_ChatMessage__Output>
      ChatPrompt: MessageTypeDefinition<_muster_v1_ChatPrompt, _muster_v1_ChatPrompt__Output>
      Drain: MessageTypeDefinition<_muster_v1_Drain, _muster_v1_Drain__Output>
      Draining: MessageTypeDefinition<_muster_v1_Draining, _muster_v1_Draining__Output>
      EndAck: MessageTypeDefinition<_muster_v1_EndAck, _muster_v1_EndAck__Output>
      Failure: MessageTypeDefinition<_muster_v1_Failure, _muster_v1_Failure__Output>
      Fleet: SubtypeConstructor<typeof grpc.Client, _muster_v1_FleetClient> & { service: _muster_v1_FleetDefinition }
      Goodbye: MessageTypeDefinition<_muster_v1_Goodbye, _muster_v1_Goodbye__Output>
      Gpu: MessageTypeDefinition<_muster_v1_Gpu, _muster_v1_Gpu__Output>
      Hardware: MessageTypeDefinition<_muster_v1_Hardware, _muster_v1_Hardware__Output>
      Heartbeat: MessageTypeDefinition<_muster_v1_Heartbeat, _muster_v1_Heartbeat__Output>
      HeartbeatAck: MessageTypeDefinition<_muster_v1_HeartbeatAck, _muster_v1_HeartbeatAck__Output>
      Hello: MessageTypeDefinition<_muster_v1_Hello, _muster_v1_Hello__Output>
      InferenceRequest: MessageTypeDefinition<_muster_v1_InferenceRequest, _muster_v1_InferenceRequest__Output>
      LoadReplica: MessageTypeDefinition<_muster_v1_LoadReplica, _muster_v1_LoadReplica__Output>
      OrchestratorMessage: MessageTypeDefinition<_muster_v1_OrchestratorMessage, _muster_v1_OrchestratorMessage__Output>
      Output: MessageTypeDefinition<_muster_v1_Output, _muster_v1_Output__Output>
      Refused: MessageTypeDefinition<_muster_v1_Refused, _muster_v1_Refused__Output>
      ReplicaReport: MessageTypeDefinition<_muster_v1_ReplicaReport, _muster_v1_ReplicaReport__Output>
      Sampling: MessageTypeDefinition<_muster_v1_Sampling, _muster_v1_Sampling__Output>
      TextPrompt: MessageTypeDefinition<_muster_v1_TextPrompt, _muster_v1_TextPrompt__Output>
      Timings: MessageTypeDefinition<_muster_v1_Timings, _muster_v1_Timings__Output>
      UnloadReplica: MessageTypeDefinition<_muster_v1_UnloadReplica, _muster_v1_UnloadReplica__Output>
      Usage: MessageTypeDefinition<_muster_v1_Usage, _muster_v1_Usage__Output>
      Welcome: MessageTypeDefinition<_muster_v1_Welcome, _muster_v1_Welcome__Output>
      WorkerMessage: MessageTypeDefinition<_muster_v1_WorkerMessage, _muster_v1_WorkerMessage__Output>
    }
  }
}

