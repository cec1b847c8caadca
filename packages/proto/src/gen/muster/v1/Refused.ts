// Original file: packages/proto/muster/v1/orchestrator.proto


export interface Refused {
  'code'?: (string);
  'message'?: (string);
  'retryable'?: (boolean);
}

export interface Refused__Output {
  'code': (string);
  'message': (string);
  'retryable': (boolean);
}
