// Original file: packages/proto/muster/v1/orchestrator.proto


export interface LoadReplica {
  'replicaId'?: (string);
  'modelUri'?: (string);
  'model'?: (string);
  'slots'?: (number);
  'contextTokens'?: (number);
}

export interface LoadReplica__Output {
  'replicaId': (string);
  'modelUri': (string);
  'model': (string);
  'slots': (number);
  'contextTokens': (number);
}
