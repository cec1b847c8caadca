// Original file: packages/proto/muster/v1/orchestrator.proto


export interface Welcome {
  'protocol'?: (number);
  'orchestratorId'?: (string);
  'version'?: (string);
  'heartbeatIntervalMs'?: (number);
}

export interface Welcome__Output {
  'protocol': (number);
  'orchestratorId': (string);
  'version': (string);
  'heartbeatIntervalMs': (number);
}
