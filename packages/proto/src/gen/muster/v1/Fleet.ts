// Original file: packages/proto/muster/v1/fleet.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { OrchestratorMessage as _muster_v1_OrchestratorMessage, OrchestratorMessage__Output as _muster_v1_OrchestratorMessage__Output } from '../../muster/v1/OrchestratorMessage.ts';
import type { WorkerMessage as _muster_v1_WorkerMessage, WorkerMessage__Output as _muster_v1_WorkerMessage__Output } from '../../muster/v1/WorkerMessage.ts';

export interface FleetClient extends grpc.Client {
  Connect(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_v1_WorkerMessage, _muster_v1_OrchestratorMessage__Output>;
  Connect(options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_v1_WorkerMessage, _muster_v1_OrchestratorMessage__Output>;
  connect(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_v1_WorkerMessage, _muster_v1_OrchestratorMessage__Output>;
  connect(options?: grpc.CallOptions): grpc.ClientDuplexStream<_muster_v1_WorkerMessage, _muster_v1_OrchestratorMessage__Output>;
  
}

export interface FleetHandlers extends grpc.UntypedServiceImplementation {
  Connect: grpc.handleBidiStreamingCall<_muster_v1_WorkerMessage__Output, _muster_v1_OrchestratorMessage>;
  
}

export interface FleetDefinition extends grpc.ServiceDefinition {
  Connect: MethodDefinition<_muster_v1_WorkerMessage, _muster_v1_OrchestratorMessage, _muster_v1_WorkerMessage__Output, _muster_v1_OrchestratorMessage__Output>
}
