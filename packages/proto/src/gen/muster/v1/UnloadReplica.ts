// Original file: packages/proto/muster/v1/orchestrator.proto


export interface UnloadReplica {
  'replicaId'?: (string);
}

export interface UnloadReplica__Output {
  'replicaId': (string);
}
