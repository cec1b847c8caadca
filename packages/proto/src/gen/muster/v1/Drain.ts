// Original file: packages/proto/muster/v1/orchestrator.proto


export interface Drain {
  'reason'?: (string);
}

export interface Drain__Output {
  'reason': (string);
}
